"""Which Loom is asked? The servers that are configured, else those of the `loom up` on the data folder."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, Final

import nats.errors
from msgspec import structs
from nats.aio.client import Client
from nats.js.errors import Error as JetStreamError
from obstore.store import ObjectStore

from ops import settings as reading
from ops.cli.ending import Trouble
from ops.connections import object_store, operator
from ops.console import complain
from ops.data_folder import CannotStart
from ops.embedded.known import Urls, known, shown
from ops.settings import Settings

CONNECT_S: Final = 5
SILENT_S: Final = 2.0
"""After so long a person is told what takes so long."""
AWAY: Final = (nats.errors.Error, JetStreamError, OSError)  # TimeoutError is an OSError


def servers(settings: Settings) -> Urls:
    """Where they are; empty what is not known. Raises CannotStart when nothing is."""
    configured = Urls(settings.nats_url, settings.database_url, settings.redis_url)
    try:
        running = known(settings.data)
    except CannotStart:
        if not configured.nats:
            raise
        running = Urls("", "", "")
    return structs.replace(running, **{name: url for name, url in structs.asdict(configured).items() if url})


@asynccontextmanager
async def connected() -> AsyncIterator[Client]:
    """NATS, as the operator, as long as the block runs. Raises Trouble, CannotStart and SettingError."""
    settings = reading.read()
    url = servers(settings).nats
    is_there = False
    try:
        async with operator(settings.at(url)) as client:
            is_there = True
            yield client
    except BrokenPipeError:
        raise
    except AWAY as error:
        what = "went away or does not answer" if is_there else "does not answer"
        raise Trouble(f"NATS at {shown(url)} {what} ({_why(error)}); is Loom running?") from error


def version(nats_client: Client) -> str:
    """Of the server it is connected to."""
    said = nats_client.connected_server_version
    return f"{said.major}.{said.minor}.{said.patch}"


@asynccontextmanager
async def database() -> AsyncIterator[Any]:
    """A connection to PostgreSQL. Raises Trouble."""
    import asyncpg  # noqa: PLC0415  only some verbs need it

    url = database_url()
    try:
        with patience(f"connecting to {shown(url)}"):
            connection = await asyncpg.connect(url, timeout=CONNECT_S)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Trouble(f"PostgreSQL does not answer at {shown(url)} ({_why(error)}).") from error
    try:
        yield connection
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Trouble(f"PostgreSQL refused: {error}") from error
    finally:
        await connection.close()


async def database_if_there(stack: AsyncExitStack) -> Any:
    """A connection that `stack` closes; None when PostgreSQL is away: who looks at more than tables goes on."""
    try:
        return await stack.enter_async_context(database())
    except Trouble:
        return None


def database_url() -> str:
    """Raises Trouble when nobody knows it."""
    if url := servers(reading.read()).database:
        return url
    raise Trouble("Nobody knows where PostgreSQL is; set LOOM_DATABASE_URL.")


def objects() -> ObjectStore:
    """The object store. Raises Trouble."""
    try:
        return object_store(reading.read())
    except ValueError as error:
        raise Trouble(f"LOOM_STORAGE_URL cannot be used: {error}") from error


@contextmanager
def patience(doing: str) -> Iterator[None]:
    """Says what is being done when it takes long."""
    saying = asyncio.get_running_loop().call_later(SILENT_S, complain, [f"still {doing} …"])
    try:
        yield
    finally:
        saying.cancel()


def _why(error: BaseException) -> str:
    return str(error).removeprefix("nats: ") or type(error).__name__
