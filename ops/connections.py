"""How are NATS, PostgreSQL, Redis and storage reached? Connections that come back by themselves."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import nats.errors
import structlog
from nats.aio.client import Client as Nats
from obstore.store import LocalStore, ObjectStore, from_url

from actors.outside.shared_redis import SharedRedis
from ops import credentials
from ops.settings import SettingError, Settings
from subjects.permissions import OPERATOR

LASTING: Final[dict[str, Any]] = {
    "max_reconnect_attempts": -1,
    "reconnect_time_wait": 0.25,
    "connect_timeout": 2,
    "ping_interval": 10,
    "max_outstanding_pings": 2,
    "pending_size": 64 << 20,
}
AT_ONCE: Final[dict[str, Any]] = {
    "connect_timeout": 2,
    "allow_reconnect": False,
    "max_reconnect_attempts": 1,  # nats-py tries a server that is not there sixty times, two seconds apart, in any case
    "reconnect_time_wait": 0.1,
}
FLUSH_DEADLINE_S: Final = 2
log = structlog.get_logger(__name__)


@asynccontextmanager
async def nats_connection(settings: Settings, name: str) -> AsyncIterator[Nats]:
    """Connected now or soon, and again after every break; drained at the end.

    Raises SettingError when a key or a certificate is missing, or the server refuses it.
    """
    leaving, said = False, ""
    refused: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def lost() -> None:
        nonlocal said
        said = ""
        if not leaving:
            log.warning("nats is away")

    async def found() -> None:
        log.info("nats is back")

    async def failed(error: Exception) -> None:
        nonlocal said
        why = credentials.refusal(error, name)
        if credentials.is_forbidden(error):
            log.error("nats refuses a subject", why=str(error))
        elif why and not refused.done():
            refused.set_result(why)
        elif why and why != said:  # it is asked again and again
            said = why
            log.error("nats refuses us", why=why)
        else:
            log.debug("nats", why=repr(error))

    client = credentials.client(settings)
    told: dict[str, Any] = {"disconnected_cb": lost, "reconnected_cb": found, "error_cb": failed}
    await _unless(refused, client.connect(**credentials.options(settings, name), **LASTING, **told))
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


async def _unless(refused: asyncio.Future[str], connecting: Coroutine[Any, Any, None]) -> None:
    """Connect, unless it is refused first; later refusals are for the log. Raises SettingError."""
    work = asyncio.ensure_future(connecting)
    either: set[asyncio.Future[Any]] = {work, refused}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise SettingError(refused.result())
        work.result()
    finally:
        work.cancel()
        refused.cancel()


@asynccontextmanager
async def operator(settings: Settings) -> AsyncIterator[Nats]:
    """Connected now or not at all, as whoever runs Loom.

    Raises SettingError when the server refuses us, OSError, TimeoutError or `nats.errors.Error` when it is away.
    """
    client = credentials.client(settings)
    known_as = credentials.options(settings, OPERATOR)
    try:
        await client.connect(**known_as, **AT_ONCE, error_cb=_quietly)
    except (OSError, nats.errors.Error) as error:
        if why := credentials.refusal(error, OPERATOR):
            raise SettingError(why) from error
        raise
    try:
        yield client
    finally:
        await client.close()


async def _quietly(_: Exception) -> None:
    """Who waits for the connection, or uses it, is told."""


@asynccontextmanager
async def database_pool(url: str) -> AsyncIterator[Any]:
    """A pool whose connections are made when needed."""
    import asyncpg  # noqa: PLC0415  the gateways are back sooner without it

    pool = asyncpg.create_pool(url, min_size=0, max_size=8, command_timeout=30, timeout=5)
    async with pool:
        yield pool


@asynccontextmanager
async def shared_redis(url: str) -> AsyncIterator[SharedRedis]:
    """Connected when it is asked, and again after every absence."""
    redis = SharedRedis(url)
    try:
        yield redis
    finally:
        await redis.close()


def object_store(settings: Settings) -> ObjectStore:
    """The configured store, or a folder. Raises ValueError for a URL nobody understands."""
    url = settings.storage_url
    if url and not url.startswith("file:"):
        return from_url(url)
    folder = Path(unquote(urlsplit(url).path)) if url else settings.data / "objects"
    return LocalStore(folder, mkdir=True)
