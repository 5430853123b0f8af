"""How do events become rows? In one transaction with the position they stand at: exactly once in effect.

One process at a time projects (a PostgreSQL advisory lock), in the order of the stream; whoever finds that somebody
else (a rebuild that was swapped in, a successor) has moved the position writes nothing and reads it again. An event
that cannot be read or written goes to the dead letters, and the next ones go on.
"""

import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import asyncpg
import msgspec
import structlog
from asyncpg.exceptions import DataError, IntegrityConstraintViolationError
from msgspec import Struct
from nats.aio.client import Client as Nats
from prometheus_client import Gauge

from actors.jetstream import direct_get
from actors.jetstream.burial import bury
from actors.jetstream.direct_get import Entry
from actors.runtime.actor import patiently
from actors.runtime.tracing import around
from actors.sourcing.event_message import decode
from schemas.message import Event
from subjects import dead_letters
from subjects import events as names
from subjects.streams import EVENTS

Statement = tuple[str, tuple[Any, ...]]
Rows = Callable[[Event], Iterable[Statement]]
PAGE: Final = 512
UNWRITABLE: Final = (DataError, IntegrityConstraintViolationError, msgspec.MsgspecError, LookupError, ValueError)
"""What is wrong with an event; asyncpg's own refusal of an argument is a ValueError, a closed connection is not."""
WAITING: Final = Gauge("loom_projection_waiting", "Events that are not in the tables yet.", ("projection",))
log = structlog.get_logger(__name__)

_POSITION: Final = "SELECT sequence FROM projection_positions WHERE name = $1"
_MOVE: Final = (
    "INSERT INTO projection_positions (name, sequence) VALUES ($1, $2) ON CONFLICT (name) "
    "DO UPDATE SET sequence = excluded.sequence WHERE projection_positions.sequence = $3 RETURNING name"
)


class Projection(Struct, frozen=True):
    """What one service's events make of which tables. `rows` is pure: an event's statements, in order.

    Statements of events with different keys touch different rows, and may be done in any order: many at a time.
    """

    service: str
    tables: tuple[str, ...]
    rows: Rows
    key: Callable[[Event], str]


class Moved(Exception):
    """The position is not where we left it: read it again."""


class Projector:
    """Brings a projection's tables up to date, page by page, on whatever connection it is given."""

    def __init__(self, nats: Nats, projection: Projection) -> None:
        self._nats = nats
        self._projection = projection
        self._name = projection.service
        self._waiting = WAITING.labels(projection.service)

    async def position(self, connection: Any) -> int:
        """The sequence of the last event that is in the tables."""
        return await connection.fetchval(_POSITION, self._name) or 0

    async def page(self, connection: Any, position: int, until: int | None = None) -> int:
        """Take the next page of events, none behind sequence `until`; the position after it.

        Raises Moved, and what asyncpg and nats-py raise.
        """
        subject = names.service(self._name)
        entries = await direct_get.batch(self._nats, EVENTS.name, subject, position + 1, most=PAGE)
        behind = direct_get.behind(entries)
        entries = [entry for entry in entries if until is None or entry.sequence <= until]
        self._waiting.set(behind + len(entries))
        if not entries:
            return position
        others = (dict(entry.headers) for entry in entries[:-1])
        headers = dict(entries[-1].headers)
        try:
            await around(
                "consumer", subject, headers, lambda _: self._write(connection, position, entries), others=others
            )
        except UNWRITABLE:
            for entry in entries:
                position = await self._one(connection, position, entry)
        self._waiting.set(behind)
        return entries[-1].sequence

    async def _write(self, connection: Any, position: int, entries: Sequence[Entry]) -> None:
        events = [event for entry in entries if (event := decode(entry.subject, entry.headers, entry.data))]
        async with connection.transaction():
            await self._move(connection, position, entries[-1].sequence)
            for sql, arguments in batches(self._projection, events):
                await connection.executemany(sql, arguments)

    async def _one(self, connection: Any, position: int, entry: Entry) -> int:
        """One event by itself; one that cannot be taken is buried."""
        try:
            await self._write(connection, position, [entry])
        except UNWRITABLE as error:
            log.exception("an event cannot be projected", projection=self._name, sequence=entry.sequence)
            await bury(self._nats, EVENTS.name, dead_letters.projection(self._name), entry, error)
            await self._move(connection, position, entry.sequence)
        return entry.sequence

    async def _move(self, connection: Any, position: int, to: int) -> None:
        if await connection.fetchval(_MOVE, self._name, to, position) is None:
            raise Moved(self._name)


def batches(projection: Projection, events: Iterable[Event]) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """The statements of `events`, alike ones together: of each key the first ones, then the second ones, and so on."""
    depths: Counter[str] = Counter()
    rounds: list[dict[str, list[tuple[Any, ...]]]] = []
    for event in events:
        key = projection.key(event)
        for sql, arguments in projection.rows(event):
            if depths[key] == len(rounds):
                rounds.append({})
            rounds[depths[key]].setdefault(sql, []).append(arguments)
            depths[key] += 1
    return ((sql, arguments) for alike in rounds for sql, arguments in alike.items())


async def keep_up(nats: Nats, database: asyncpg.Pool, projection: Projection) -> None:
    """Project until cancelled; PostgreSQL or NATS away is waited out."""
    async with direct_get.listening(nats, names.service(projection.service)) as news:
        while True:
            await patiently(lambda: _hold(Projector(nats, projection), database, projection.service, news), None)


async def _hold(projector: Projector, database: asyncpg.Pool, name: str, news: Callable[[], Awaitable[None]]) -> None:
    """Project while this process holds the lock; wait for it otherwise."""
    async with database.acquire() as connection:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", zlib.crc32(name.encode())):
            await news()
            return
        position = await projector.position(connection)
        while True:
            try:
                before, position = position, await projector.page(connection, position)
            except Moved:
                position = await projector.position(connection)
                continue
            if position == before:
                await news()
