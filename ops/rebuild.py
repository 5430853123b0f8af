"""How are tables made anew from the events, while the old ones serve? Aside, in a schema of their own, then swapped.

The copy is made by the same migrations and filled by the same projection. Once it has caught up, the position of the
serving tables is locked, so that their projector waits. The copy is brought to the same event, both are compared; then
what is newer is added, and both change places in the same transaction. Whoever dies on the way leaves the old tables as
they were.
"""

import asyncio
import importlib
from collections.abc import Callable
from typing import Annotated, Any, Final

import asyncpg
from msgspec import Meta, Struct
from nats.aio.client import Client as Nats

from actors.jetstream import direct_get
from actors.sourcing.projection import Projection, Projector
from ops.migrate import migrate
from subjects import events
from subjects.streams import EVENTS

SERVICES: Final = ("recording", "processing")
"""Those that have tables: `actors.<service>.projection.PROJECTION`."""

Progress = Callable[[int, int], None]
"""Told how far it is: the sequence that was read, and the last one there is."""
_SERVED: Final = "SELECT sequence FROM public.projection_positions WHERE name = $1"


def projection_of(service: str) -> Projection:
    """Raises LookupError, with the names there are."""
    if service not in SERVICES:
        raise LookupError(f"There is no projection {service!r}; there are {', '.join(SERVICES)}.")
    found: Projection = importlib.import_module(f"actors.{service}.projection").PROJECTION
    return found


class Rebuilt(Struct, frozen=True):
    """What came of it; both checksums of a table are of the same event, before anything newer is added."""

    projection: str
    sequence: Annotated[int, Meta(description="The event the tables stand at.")]
    before: Annotated[dict[str, str], Meta(description="By table: the checksum of the one that served.")]
    after: Annotated[dict[str, str], Meta(description="By table: the checksum of the one made anew.")]
    swapped: Annotated[bool, Meta(description="Whether the new ones serve now.")]

    @property
    def different(self) -> list[str]:
        """The tables that were not what the events make of them."""
        return [table for table in self.before if self.before[table] != self.after[table]]


async def rebuild(
    nats: Nats, database_url: str, projection: Projection, progress: Progress, *, swap: bool = True
) -> Rebuilt:
    """Make the tables anew and compare them; without `swap` that is all. Raises what asyncpg and nats-py raise."""
    connection = await asyncpg.connect(database_url)
    schemas = aside, old = f"rebuild_{projection.service}", f"rebuild_{projection.service}_old"
    try:
        for schema in schemas:
            await connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
            await connection.execute(f"CREATE SCHEMA {schema}")
        await connection.execute(f"SET search_path TO {aside}, public")
        await migrate(connection)
        copy = _Copy(nats, connection, projection, progress)
        await copy.catch_up(await connection.fetchval(_SERVED, projection.service) or 0)
        async with connection.transaction():
            await copy.catch_up(await connection.fetchval(f"{_SERVED} FOR UPDATE", projection.service) or 0)
            before, after = [await checksums(connection, projection, schema) for schema in ("public", aside)]
            if swap:
                await copy.catch_up()
                await _swap(connection, projection, aside, old, copy.position)
        await connection.execute(f"DROP SCHEMA {aside}, {old} CASCADE")
    finally:
        await connection.close()
    return Rebuilt(projection.service, copy.position, before, after, swap)


async def checksums(connection: Any, projection: Projection, schema: str = "public") -> dict[str, str]:
    """By table, of every row, whatever order they lie in."""
    return {
        name: await connection.fetchval(
            f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {schema}.{name} t"  # noqa: S608  our own names
        )
        for name in projection.tables
    }


class _Copy:
    """The tables that are being made, and the event they stand at."""

    def __init__(self, nats: Nats, connection: Any, projection: Projection, progress: Progress) -> None:
        self._nats = nats
        self._connection = connection
        self._subject = events.service(projection.service)
        self._projector = Projector(nats, projection)
        self._progress = progress
        self.position = 0

    async def catch_up(self, until: int | None = None) -> None:
        """To that event, or to the last one there is now, waiting for a replica that is behind."""
        last = await direct_get.known(self._nats, EVENTS.name, self._subject)
        newest = last.sequence if last else 0
        until = newest if until is None else min(until, newest)
        while self.position < until:
            reached = await self._projector.page(self._connection, self.position, until)
            if reached == self.position:
                await asyncio.sleep(direct_get.BEHIND_S)
                continue
            self.position = reached
            self._progress(reached, newest)


async def _swap(connection: Any, projection: Projection, aside: str, old: str, position: int) -> None:
    """Whoever waits for the old tables finds the new ones."""
    for table in projection.tables:
        await connection.execute(f"ALTER TABLE public.{table} SET SCHEMA {old}")
        await connection.execute(f"ALTER TABLE {aside}.{table} SET SCHEMA public")
    await connection.execute(
        "INSERT INTO public.projection_positions (name, sequence) VALUES ($1, $2) "
        "ON CONFLICT (name) DO UPDATE SET sequence = excluded.sequence",
        projection.service,
        position,
    )
