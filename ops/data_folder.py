"""May Loom run on this folder? It can be written to, there is room, and nobody else runs on it."""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import psutil

from ops.console import Console

LEAST_FREE_BYTES: Final = 256 << 20
TIDY_DEADLINE_S: Final = 30.0
_POLL_S: Final = 0.1


class CannotStart(Exception):
    """One line for the person who typed `loom up`."""


def check(data: Path) -> None:
    """Make it when it is not there. Raises CannotStart."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        probe = data / ".writable"
        probe.write_bytes(b"loom")
        probe.unlink()
    except OSError as error:
        raise CannotStart(f"The data folder {data} cannot be written to ({error.strerror}); set LOOM_DATA.") from error
    free = shutil.disk_usage(data).free
    if free < LEAST_FREE_BYTES:
        raise CannotStart(
            f"The disk that holds {data} is full: {free >> 20} MB are free and {LEAST_FREE_BYTES >> 20} MB are needed."
        )


@contextlib.contextmanager
def locked(data: Path, console: Console) -> Iterator[int]:
    """One `loom up` a folder; yields the descriptor that holds the lock. Raises CannotStart.

    The guard of a `loom up` that was killed holds it until it has tidied up; that is waited for.
    """
    with (data / "lock").open("a+") as lock:
        _take(lock, data, console)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield lock.fileno()


def is_in_use(data: Path) -> bool:
    """Whether a `loom up` runs on it."""
    try:
        return _runs((data / "lock").read_text().strip())
    except OSError:
        return False


def _take(lock: IO[str], data: Path, console: Console) -> None:
    until = time.monotonic() + TIDY_DEADLINE_S
    told = False
    while True:
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        lock.seek(0)
        owner = lock.read().strip()
        if _runs(owner) or time.monotonic() > until:
            raise CannotStart(f"Loom is already running on {data} (process {owner or 'unknown'}).")
        if not told:
            console.say("loom", "waiting for what the last `loom up` has left behind")
            told = True
        time.sleep(_POLL_S)


def _runs(pid: str) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess, ValueError):
        return bool(psutil.Process(int(pid)).status() != psutil.STATUS_ZOMBIE)
    return False
