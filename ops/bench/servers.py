"""The bare servers some figures stand on: nats-server with the project's own nats.conf, PostgreSQL with the tables."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import asyncpg
from nats.aio.client import Client as Nats

from ops.bench import child
from ops.embedded import nats_server, postgres
from ops.embedded.ports import any_free
from ops.migrate import migrate
from ops.provision import provision
from ops.supervisor import identity

DEADLINE_S: Final = 60
NOWHERE: Final = asyncio.subprocess.DEVNULL


@asynccontextmanager
async def log() -> AsyncIterator[str]:
    """A nats-server with all streams; its URL."""
    with tempfile.TemporaryDirectory(prefix="loom-bench-") as folder:
        port = any_free()
        program = nats_server.program(Path(folder), f"bench-{port}", None, port)
        async with child.running(*program.command, stdout=asyncio.subprocess.DEVNULL, stderr=NOWHERE):
            async with asyncio.timeout(DEADLINE_S):
                while not await nats_server.name_at(port):  # noqa: ASYNC110  it is another process
                    await asyncio.sleep(0.05)
            url = f"nats://127.0.0.1:{port}"
            async with connected(url) as client:
                await provision(client)
            yield url


@asynccontextmanager
async def connected(url: str, client: Nats | None = None) -> AsyncIterator[Nats]:
    """A connection for the block: nats-py's own, which is the floor, or one of ours."""
    client = client or Nats()
    await client.connect(url)
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def database() -> AsyncIterator[str]:
    """A PostgreSQL as `loom up` runs it, with the tables; its URL."""
    with tempfile.TemporaryDirectory(prefix="loom-bench-") as folder:
        Path(folder).chmod(0o755)  # noqa: ASYNC240  at the start of a measurement
        program, url = await postgres.prepare(Path(folder))
        async with child.running(*program.command, **identity(program), stderr=NOWHERE):
            async with asyncio.timeout(DEADLINE_S):
                while True:
                    with suppress(OSError, asyncpg.PostgresError):
                        connection = await asyncpg.connect(url)
                        break
                    await asyncio.sleep(0.05)
            await migrate(connection)
            await connection.close()
            yield url
