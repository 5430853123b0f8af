"""How do events become rows? In one transaction with the position they stand at: exactly once in effect.

One process at a time projects (a PostgreSQL advisory lock), in the order of the stream. Dropping the tables and the
position and starting again gives the same rows.
"""

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from typing import Any, Final

import asyncpg
import structlog
from nats.aio.client import Client as Nats

from actors.runtime import direct_get
from actors.runtime.actor import patiently
from actors.runtime.event_message import decode
from schemas.message import Event
from subjects import events as names
from subjects.streams import EVENTS

Apply = Callable[[Any, Event, int], Awaitable[None]]
IDLE_S: Final = 0.5
PAGE: Final = 256
log = structlog.get_logger(__name__)

_POSITION: Final = "SELECT sequence FROM projection_positions WHERE name = $1"
_MOVE: Final = (
    "INSERT INTO projection_positions (name, sequence) VALUES ($1, $2) "
    "ON CONFLICT (name) DO UPDATE SET sequence = excluded.sequence"
)


class Projection:
    """One service's tables. `apply(connection, event, sequence)` writes rows and nothing else."""

    def __init__(self, nats: Nats, database: asyncpg.Pool, service: str, apply: Apply) -> None:
        self._nats = nats
        self._database = database
        self._service = service
        self._apply = apply
        self._news = asyncio.Event()
        self.position = 0

    async def run(self) -> None:
        """Project until cancelled; PostgreSQL or NATS away is waited out."""
        subscription = await self._nats.subscribe(names.service(self._service), cb=self._heard)
        try:
            while True:
                await patiently(self._hold, None)
        finally:
            await subscription.unsubscribe()

    async def _heard(self, _: Any) -> None:
        self._news.set()

    async def _hold(self) -> None:
        """Project while this process holds the lock; wait for it otherwise."""
        async with self._database.acquire() as connection:
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", zlib.crc32(self._service.encode())):
                await asyncio.sleep(IDLE_S)
                return
            self.position = await connection.fetchval(_POSITION, self._service) or 0
            while True:
                if not await self._page(connection):
                    await self._wait()

    async def _wait(self) -> None:
        """For news; a message can be heard a moment before it can be read, so look again soon."""
        try:
            async with asyncio.timeout(IDLE_S):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()

    async def _page(self, connection: Any) -> bool:
        page = await direct_get.batch(
            self._nats, EVENTS.name, names.service(self._service), self.position + 1, most=PAGE
        )
        for entry in page:
            event = decode(entry.subject, entry.headers, entry.data)
            async with connection.transaction():
                if event is not None:
                    await self._apply(connection, event, entry.sequence)
                await connection.execute(_MOVE, self._service, entry.sequence)
            self.position = entry.sequence
        return bool(page)
