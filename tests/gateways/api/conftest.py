"""The API door with a real NATS, a real recording service and a real PostgreSQL behind it."""

import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from nats.aio.client import Client as Nats

from actors.outside.shared_redis import SharedRedis
from actors.recording import actor as recording
from actors.runtime.client import Client
from gateways.api.server import running
from ops.connections import shared_redis
from schemas.ids import RecordingId
from schemas.recording import ConnectSource, RecordingView
from tests.openapi_contract import conforming
from tests.servers import until

OFFERED = ("/api/", "/health/")
SECRET = b"a secret for tests"
WATCH = "<!doctype html><head><title>Loom</title><!--opengraph--></head>"


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """As `npm run build` leaves them."""
    folder = tmp_path / "pages" / "dist"
    (folder / "assets").mkdir(parents=True)
    for name in ("index", "record"):
        (folder / f"{name}.html").write_text(f"<!doctype html><title>{name}</title>")
    (folder / "watch.html").write_text(WATCH)
    (folder / "assets" / "watch-1a2b3c.js").write_text("export {}")
    (folder / "assets" / "watch-1a2b3c.js.gz").write_bytes(gzip.compress(b"export {}"))
    (folder.parent / "secret").write_text("not for everybody")
    return folder


@pytest.fixture
def connect_source(nats_client: Nats) -> Callable[[RecordingId], Awaitable[RecordingView]]:
    """What the WHIP gateway says when a source connects."""
    client = Client(nats_client)
    return lambda recording_id: client.ask(ConnectSource(recording_id))


@pytest.fixture
async def service(nats_client: Nats, database: Any) -> AsyncIterator[None]:
    """The recording service."""
    async with recording.running(nats_client, database):
        yield


@asynccontextmanager
async def door(nats: Nats, pages: Path, **settings: Any) -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client at the door; an answer that docs/openapi.json does not describe fails the test."""
    async with (
        running(nats, listen=("127.0.0.1", 0), secret=SECRET, pages=pages, **settings) as port,
        aiohttp.ClientSession(
            f"http://127.0.0.1:{port}", timeout=aiohttp.ClientTimeout(20), trace_configs=conforming(*OFFERED)
        ) as http,
    ):
        yield http


@pytest.fixture
async def api(nats_client: Nats, service: None, pages: Path) -> AsyncIterator[aiohttp.ClientSession]:  # noqa: ARG001
    """A door without Redis."""
    async with door(nats_client, pages) as http:
        yield http


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[SharedRedis]:
    """An empty one."""
    async with shared_redis(redis_url) as redis:
        await until_connected(redis)
        await redis(lambda client: client.flushdb())
        yield redis


@pytest.fixture
async def sharing_api(
    nats_client: Nats,
    service: None,  # noqa: ARG001
    pages: Path,
    redis: SharedRedis,
) -> AsyncIterator[aiohttp.ClientSession]:
    """A door with Redis."""
    async with door(nats_client, pages, redis=redis) as http:
        yield http


async def until_connected(redis: SharedRedis) -> None:
    async def is_there() -> bool:
        return await redis.check() == "ok"

    await until(is_there)
