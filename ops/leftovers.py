"""Who was started on this data folder and may still run? A note a process, so that nobody is left behind.

`loom up` writes a note when a process starts and removes it when it ended. When `loom up` was killed, the guard
(`ops/cli/guard.py`) ends those who have a note; the next `loom up` does, should the guard have been killed as well.
"""

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil
from msgspec import Struct, convert, to_builtins

SAME_START_S: Final = 2.0
KILL_DEADLINE_S: Final = 5.0
_POLL_S: Final = 0.02


class Note(Struct, frozen=True):
    """One process: its number alone would not do, numbers are used again."""

    name: str
    pid: int
    since: float  # its start, seconds since 1970
    end_signal: int
    server: bool  # ends after those that may still need it


def folder(data: Path) -> Path:
    """Where the notes are."""
    return data / "run" / "processes"


def note(folder: Path, name: str, pid: int, *, end_signal: int, server: bool) -> None:
    """Remember a process that has just been started."""
    with suppress(psutil.NoSuchProcess):
        said = Note(name, pid, psutil.Process(pid).create_time(), end_signal, server)
        folder.mkdir(parents=True, exist_ok=True)
        _path(folder, name).write_text(json.dumps(to_builtins(said)))


def forget(folder: Path, name: str) -> None:
    """It has ended."""
    _path(folder, name).unlink(missing_ok=True)


def end(folder: Path, grace_s: float) -> list[str]:
    """End everyone who is noted and runs: ours, then the servers they need. Returns the names of those that did."""
    notes = [said for path in sorted(folder.glob("*.json")) if (said := _read(path))]
    ended = [name for server in (False, True) for name in _end_all([n for n in notes if n.server is server], grace_s)]
    for path in folder.glob("*.json"):
        path.unlink(missing_ok=True)
    return ended


def _end_all(notes: Sequence[Note], grace_s: float) -> list[str]:
    running = [(said, process) for said in notes if (process := _process(said))]
    for said, process in running:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(said.end_signal)
    for process in _wait([process for _, process in running], grace_s):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _wait([process for _, process in running], KILL_DEADLINE_S)
    return [said.name for said, _ in running]


def _wait(processes: Sequence[psutil.Process], deadline_s: float) -> list[psutil.Process]:
    """Those that still run at the deadline. They are not children of ours: the kernel does not tell us."""
    until = time.monotonic() + deadline_s
    while (left := [process for process in processes if _runs(process)]) and time.monotonic() < until:
        time.sleep(_POLL_S)
    return left


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _process(said: Note) -> psutil.Process | None:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(said.pid)
        if abs(process.create_time() - said.since) < SAME_START_S and _runs(process):
            return process
    return None


def _read(path: Path) -> Note | None:
    """A note cut off by a full disk says nothing."""
    with suppress(OSError, ValueError):
        return convert(json.loads(path.read_text()), Note)
    return None


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name.replace(' ', '-')}.json"
