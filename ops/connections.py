"""How are NATS, PostgreSQL and storage reached? Connections that come back by themselves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import nats
import structlog
from nats.aio.client import Client as Nats
from obstore.store import LocalStore, ObjectStore, from_url

from ops.settings import Settings

PENDING_BYTES: Final = 64 << 20
FLUSH_DEADLINE_S: Final = 2
log = structlog.get_logger(__name__)


@asynccontextmanager
async def nats_connection(url: str, name: str) -> AsyncIterator[Nats]:
    """Connected now or soon, and again after every break; drained at the end."""
    leaving = False

    async def lost() -> None:
        if not leaving:
            log.warning("nats is away")

    async def found() -> None:
        log.info("nats is back")

    async def failed(error: Exception) -> None:
        log.debug("nats", why=repr(error))

    client = await nats.connect(
        url,
        name=f"loom {name}",
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.25,
        connect_timeout=2,
        ping_interval=10,
        max_outstanding_pings=2,
        pending_size=PENDING_BYTES,
        disconnected_cb=lost,
        reconnected_cb=found,
        error_cb=failed,
    )
    try:
        yield client
    finally:
        leaving = True
        try:
            async with asyncio.timeout(FLUSH_DEADLINE_S):
                await client.flush()
                await client.close()
        except (nats.errors.Error, TimeoutError, OSError):
            log.warning("nats is away at the end")


@asynccontextmanager
async def database_pool(url: str) -> AsyncIterator[Any]:
    """A pool whose connections are made when needed."""
    import asyncpg  # noqa: PLC0415  the gateways are back sooner without it

    pool = asyncpg.create_pool(url, min_size=0, max_size=8, command_timeout=30, timeout=5)
    async with pool:
        yield pool


def object_store(settings: Settings) -> ObjectStore:
    """The configured store, or a folder. Raises ValueError for a URL nobody understands."""
    url = settings.storage_url
    if url and not url.startswith("file:"):
        return from_url(url)
    folder = Path(unquote(urlsplit(url).path)) if url else settings.data / "objects"
    return LocalStore(folder, mkdir=True)
