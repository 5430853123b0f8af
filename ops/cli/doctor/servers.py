"""Do the servers answer, are they new enough and set up as needed, do their clocks agree, does anything wait for us?

Those that are configured are asked, and the embedded ones of a `loom up` that runs on the data folder.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import nats.errors
import obstore
import redis.asyncio
from nats.aio.client import Client as Nats
from nats.js.errors import Error as JetStreamError
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore
from redis.exceptions import RedisError

from actors.jetstream import report
from actors.jetstream.report import StreamReport
from actors.outside import space
from ops import data_folder
from ops.cli import words
from ops.cli.doctor.finding import Finding
from ops.cli.reach import version
from ops.connections import object_store, operator
from ops.data_folder import CannotStart
from ops.embedded.known import Urls, known, shown
from ops.migrate import FOLDER
from ops.settings import SettingError, Settings
from subjects.streams import ALL, DLQ, MEDIA

ANSWER_S: Final = 5.0
NATS: Final = (2, 12)
"""Several messages or none (ADR-50)."""
POSTGRES: Final = (16,)
REDIS: Final = (6,)
PAYLOAD_BYTES: Final = 8 << 20
"""A 4K key frame is one message."""
CLOCK_S: Final = 1.0
_PROBE: Final = "doctor"


async def examine(settings: Settings) -> list[Finding]:
    """All of them at once; each has a few seconds to answer."""
    urls = _urls(settings)
    return [found for some in await asyncio.gather(*(ask(settings, urls) for ask in QUESTIONS)) for found in some]


def _urls(settings: Settings) -> Urls:
    """Empty what is embedded and does not run."""
    running = Urls("", "", "")
    if data_folder.is_in_use(settings.data):
        with suppress(CannotStart):  # it has not got so far
            running = known(settings.data)
    return Urls(
        settings.nats_url or running.nats,
        settings.database_url or running.database,
        settings.redis_url or running.redis,
    )


async def _nats(settings: Settings, urls: Urls) -> list[Finding]:
    if not urls.nats:
        return [_sleeps("NATS")]
    try:
        async with asyncio.timeout(ANSWER_S), operator(settings.at(urls.nats)) as client:
            return await _jetstream(client, urls.nats)
    except SettingError as error:
        return [Finding("NATS", f"refuses us at {shown(urls.nats)}", str(error))]
    except nats.errors.NoRespondersError:
        return [Finding("NATS", f"has no JetStream at {shown(urls.nats)}", "nats.conf has what it needs.")]
    except (OSError, nats.errors.Error, JetStreamError) as error:
        return [_away("NATS", urls.nats, error, "LOOM_NATS_URL")]


async def _jetstream(client: Nats, url: str) -> list[Finding]:
    there = await report.streams(client)
    if not there:
        return [_log(client, url, there)]
    return [_log(client, url, there), await _clock("NATS", _nats_now(client)), _letters(there)]


def _log(client: Nats, url: str, there: list[StreamReport]) -> Finding:
    said = client.connected_server_version
    lacking = sorted({stream.name for stream in ALL} - {found.config.name for found in there})
    kept = words.size(sum(found.state.bytes for found in there)) + _confined(there)
    answer = f"{version(client)} at {shown(url)}, {words.counted(len(there), 'stream')}, {kept}"
    if (said.major, said.minor) < NATS:
        remedy = f"Loom needs {_dotted(NATS)} or newer."
    elif client.max_payload < PAYLOAD_BYTES:
        remedy = f"It takes no message above {words.size(client.max_payload)}: nats.conf has the limits it needs."
    elif lacking:
        answer, remedy = f"{answer}; {', '.join(lacking)} is missing", "`loom up` makes what is missing."
    else:
        remedy = ""
    return Finding("NATS", answer, remedy)


def _confined(there: list[StreamReport]) -> str:
    """How much more media the log takes, where the disk has set it a limit."""
    media = next((found for found in there if found.config.name == MEDIA.name), None)
    if media is None or not (most := media.config.max_bytes) or most < 0:
        return ""
    return f", room for {words.size(max(most - media.state.bytes, 0))} of media"


def _letters(there: list[StreamReport]) -> Finding:
    count = sum(found.state.messages for found in there if found.config.name == DLQ.name)
    if not count:
        return Finding("dead letters", "none")
    return Finding("dead letters", f"{count}: what no handler could take", "`loom dlq ls` tells which, and why.")


async def _nats_now(client: Nats) -> datetime:
    return (await report.streams(client))[0].ts


async def _postgres(_: Settings, urls: Urls) -> list[Finding]:
    if not urls.database:
        return [_sleeps("PostgreSQL")]
    try:
        async with asyncio.timeout(ANSWER_S):
            connection = await asyncpg.connect(urls.database, timeout=ANSWER_S)
            try:
                clock = await _clock("PostgreSQL", connection.fetchval("SELECT clock_timestamp()"))
                return [await _tables(connection, urls.database), clock]
            finally:
                await connection.close()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        return [_away("PostgreSQL", urls.database, error, "LOOM_DATABASE_URL")]


async def _tables(connection: Any, url: str) -> Finding:
    said = connection.get_server_version()
    has_any = await connection.fetchval("SELECT to_regclass('schema_migrations') IS NOT NULL")
    applied = await connection.fetch("SELECT name FROM schema_migrations") if has_any else []
    lacking = sorted({path.name for path in FOLDER.glob("[0-9]*.sql")} - {row["name"] for row in applied})
    answer = f"{said.major}.{said.minor} at {shown(url)}, {words.counted(len(applied), 'migration')}"
    if (said.major,) < POSTGRES:
        return Finding("PostgreSQL", answer, f"Loom needs {_dotted(POSTGRES)} or newer.")
    if lacking:
        return Finding("PostgreSQL", f"{answer}; {', '.join(lacking)} is missing", "`loom up` applies what is missing.")
    return Finding("PostgreSQL", answer)


async def _redis(_: Settings, urls: Urls) -> list[Finding]:
    if not urls.redis:
        return [_sleeps("Redis")]
    try:
        async with asyncio.timeout(ANSWER_S), redis.asyncio.from_url(urls.redis, socket_timeout=ANSWER_S) as client:
            said = str((await client.info("server"))["redis_version"])
    except (OSError, RedisError, ValueError) as error:
        return [_away("Redis", urls.redis, error, "LOOM_REDIS_URL")]
    is_old = tuple(map(int, said.split(".")[:1])) < REDIS
    remedy = f"Loom needs {_dotted(REDIS)} or newer." if is_old else ""
    return [Finding("Redis", f"{said} at {shown(urls.redis)}", remedy)]


async def _storage(settings: Settings, _: Urls) -> list[Finding]:
    """An object can be written and removed."""
    where = shown(settings.storage_url) or f"a folder, {settings.data / 'objects'}"
    begun = time.monotonic()
    try:
        async with asyncio.timeout(ANSWER_S):
            store = object_store(settings)
            await obstore.put_async(store, _PROBE, b"loom")
            await obstore.delete_async(store, _PROBE)
    except (OSError, ValueError, BaseError) as error:
        remedy = "LOOM_STORAGE_URL says where it is; credentials are read from variables such as AWS_ACCESS_KEY_ID."
        return [Finding("storage", f"{where}: {_why(error)}", remedy)]
    answer = f"{where}: written and removed in {(time.monotonic() - begun) * 1000:.0f} ms"
    return [Finding("storage", answer), *_room(settings, store)]


def _room(settings: Settings, store: ObjectStore) -> list[Finding]:
    """What is left where objects are files; a store elsewhere does not say."""
    if not isinstance(store, LocalStore) or store.prefix is None:
        return []
    left, reserve = space.left_bytes([Path(store.prefix)]), settings.reserve_mb * 1_000_000
    answer = f"{words.size(left or 0)} free for objects; with less than {words.size(reserve)} nothing new is recorded"
    low = space.says(left, reserve) and f"{space.says(left, reserve)} Delete recordings, or use a larger disk."
    return [Finding("room", answer, low)]


async def _clock(whose: str, asking: Awaitable[datetime]) -> Finding:
    """Tokens and certificates expire by one clock and are made by another."""
    asked = datetime.now(UTC)
    theirs = await asking
    middle = asked + (datetime.now(UTC) - asked) / 2
    apart_s = (theirs - middle).total_seconds()
    ahead = f"{abs(apart_s):.2f} s {'ahead of' if apart_s > 0 else 'behind'} ours"
    is_off = abs(apart_s) > CLOCK_S
    return Finding(f"clock of {whose}", ahead, "Let both machines keep time by NTP." if is_off else "")


QUESTIONS: Final[tuple[Callable[[Settings, Urls], Awaitable[list[Finding]]], ...]] = (
    _nats,
    _postgres,
    _redis,
    _storage,
)


def _sleeps(title: str) -> Finding:
    return Finding(title, "the embedded one; it starts with `loom up`")


def _away(title: str, url: str, error: Exception, setting: str) -> Finding:
    return Finding(title, f"does not answer at {shown(url)}: {_why(error)}", f"Start it, or correct {setting}.")


def _why(error: BaseException) -> str:
    if isinstance(error, TimeoutError) and not str(error):
        return f"no answer within {ANSWER_S:.0f} s"
    return words.one_line(str(error).removeprefix("nats: ").partition("\n")[0] or type(error).__name__, 160)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
