"""Which servers does Loom need, and do they answer? Started here unless they are configured by URL."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Final

import asyncpg
import nats.errors
import redis.asyncio
import redis.exceptions

from ops.connections import operator
from ops.console import Console
from ops.data_folder import CannotStart
from ops.embedded import nats_server, postgres, redis_server
from ops.embedded.known import Urls, keep, shown
from ops.embedded.ports import any_free, first_free
from ops.settings import Settings
from ops.supervisor import Child, Program, Supervisor
from schemas.ids import new_id

DEADLINE_S: Final = 60.0
CONFIGURED_DEADLINE_S: Final = 20.0
ATTEMPTS: Final = 3
NAMES: Final = ("redis", "postgres", "nats")
_POLL_S: Final = 0.05

AWAY: Final = (
    OSError,
    TimeoutError,
    nats.errors.Error,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    redis.exceptions.RedisError,
)
"""What connecting raises while a server is not there yet."""


async def start(settings: Settings, supervisor: Supervisor, console: Console) -> Urls:
    """All of them, side by side. Raises CannotStart with the last words of the one that does not answer."""
    async with asyncio.TaskGroup() as owner:
        found = [
            owner.create_task(work(settings, supervisor, console))
            for work in (_start_nats, _start_postgres, _start_redis)
        ]
    urls = Urls(*(task.result() for task in found))
    keep(settings.data, urls)
    return urls


async def reach(settings: Settings) -> None:
    """Those that are configured answer. Raises CannotStart."""
    for url, title, connect in (
        (settings.nats_url, "NATS", partial(_connect_nats, settings)),
        (settings.database_url, "PostgreSQL", _connect_postgres),
        (settings.redis_url, "Redis", _connect_redis),
    ):
        if url:
            await until(connect, title, url)


async def _start_nats(settings: Settings, supervisor: Supervisor, console: Console) -> str:
    start = _start_nodes if settings.nats_nodes > 1 else _start_embedded_nats
    url = settings.nats_url or await start(settings, supervisor)
    await until(partial(_connect_nats, settings), "NATS", url)
    console.say("nats", shown(url))
    return url


async def _start_nodes(settings: Settings, supervisor: Supervisor) -> str:
    """On the first free ports from 4222 on; the URL names all of them."""
    data, nodes = settings.data, range(settings.nats_nodes)
    nats_server.check_nodes(data, len(nodes))
    configuration = nats_server.guarded(settings.keys or data / "keys")
    routes, port, urls = [any_free() for _ in nodes], nats_server.FIRST_PORT - 1, []
    for number in nodes:
        at = partial(nats_server.node, data, number, routes, configuration)
        port = await _start_from(port + 1, at, nats_server.node_name(data, number), supervisor)
        urls.append(f"nats://127.0.0.1:{port}")
    return ",".join(urls)


async def _start_embedded_nats(settings: Settings, supervisor: Supervisor) -> str:
    """On port 4222 or the next free one."""
    nats_server.check_nodes(settings.data, 1)
    name, configuration = f"loom-{new_id()}", nats_server.guarded(settings.keys or settings.data / "keys")
    at = partial(nats_server.program, settings.data, name, configuration)
    return f"nats://127.0.0.1:{await _start_from(nats_server.FIRST_PORT, at, name, supervisor)}"


async def _start_from(port: int, at: Callable[[int], Program], name: str, supervisor: Supervisor) -> int:
    """The port it got. Another may take one at the same moment; then the one behind it."""
    while True:
        port = first_free(port)
        child = supervisor.start(at(port))
        found = await _answering(port, child)
        if found == name:
            return port
        await supervisor.stop((child.name,))
        if not found:
            raise CannotStart(f"NATS does not start: {child.last_words()}")
        port += 1


async def _answering(port: int, child: Child) -> str | None:
    """The name of the server at that port, when one answers before ours has given up."""
    with suppress(TimeoutError):
        async with asyncio.timeout(DEADLINE_S):
            while child.ended < ATTEMPTS:
                if found := await nats_server.name_at(port):
                    return found
                await asyncio.sleep(_POLL_S)
    return None


async def _start_postgres(settings: Settings, supervisor: Supervisor, console: Console) -> str:
    url, child = settings.database_url, None
    if not url:
        if not (settings.data / "postgres" / "PG_VERSION").exists():
            console.say("postgres", "making a new database")
        try:
            program, url = await postgres.prepare(settings.data)
        except RuntimeError as error:
            raise CannotStart(str(error)) from error
        child = supervisor.start(program)
    await until(_connect_postgres, "PostgreSQL", url, child)
    console.say("postgres", shown(url))
    return url


async def _start_redis(settings: Settings, supervisor: Supervisor, console: Console) -> str:
    url, child = settings.redis_url, None
    if not url:
        program, url = redis_server.program(settings.data)
        child = supervisor.start(program)
    await until(_connect_redis, "Redis", url, child)
    console.say("redis", shown(url))
    return url


async def _connect_nats(settings: Settings, url: str) -> None:
    """Raises SettingError when it is there and refuses us, TimeoutError while its nodes have not found each other."""
    async with operator(settings.at(url)) as client:
        await client.jetstream().account_info()


async def _connect_postgres(url: str) -> None:
    await (await asyncpg.connect(url, timeout=2)).close()


async def _connect_redis(url: str) -> None:
    async with redis.asyncio.from_url(url, socket_timeout=2) as client:
        await client.ping()


async def until(connect: Callable[[str], Awaitable[None]], title: str, url: str, child: Child | None = None) -> None:
    """Try until it answers. Raises CannotStart."""
    why = "no answer"
    try:
        async with asyncio.timeout(DEADLINE_S if child else CONFIGURED_DEADLINE_S):
            while not child or child.ended < ATTEMPTS:
                try:
                    return await connect(url)
                except AWAY as error:
                    why = str(error) or type(error).__name__
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        pass
    if child:
        raise CannotStart(f"{title} does not start: {child.last_words()}")
    raise CannotStart(f"{title} does not answer at {shown(url)}: {why}")
