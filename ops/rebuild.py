"""How are tables made anew from the events, while the old ones serve? Aside, in a schema of their own, then swapped.

The copy is made by the same migrations and filled by the same projection. Once it has caught up, the position of the
serving tables is locked, so that their projector waits; what came meanwhile is added, and both change places in the
same transaction. Whoever dies on the way leaves the old tables as they were.
"""

import importlib
from collections.abc import Callable
from typing import Any, Final

import asyncpg
from nats.aio.client import Client as Nats

from actors.jetstream import direct_get
from actors.sourcing.projection import Projection, Projector
from ops.migrate import migrate
from subjects import events
from subjects.streams import EVENTS

SERVICES: Final = ("recording",)
"""Those that have tables: `actors.<service>.projection.PROJECTION`."""

Progress = Callable[[int, int], None]
"""Told how far it is: the sequence that was read, and the last one there is."""


def projection_of(service: str) -> Projection:
    """Raises LookupError, with the names there are."""
    if service not in SERVICES:
        raise LookupError(f"There is no projection {service!r}; there are {', '.join(SERVICES)}.")
    found: Projection = importlib.import_module(f"actors.{service}.projection").PROJECTION
    return found


async def rebuild(nats: Nats, database_url: str, projection: Projection, progress: Progress) -> int:
    """Make the tables of `projection` anew; the sequence they stand at. Raises what asyncpg and nats-py raise."""
    connection = await asyncpg.connect(database_url)
    schemas = aside, old = f"rebuild_{projection.service}", f"rebuild_{projection.service}_old"
    try:
        for schema in schemas:
            await connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
            await connection.execute(f"CREATE SCHEMA {schema}")
        await connection.execute(f"SET search_path TO {aside}, public")
        await migrate(connection)
        projector = Projector(nats, projection)
        last = await direct_get.last(nats, EVENTS.name, events.service(projection.service))
        position = await _catch_up(projector, connection, 0, lambda at: progress(at, last.sequence if last else at))
        async with connection.transaction():
            await connection.execute(
                "SELECT 1 FROM public.projection_positions WHERE name = $1 FOR UPDATE", projection.service
            )
            position = await _catch_up(projector, connection, position, lambda _: None)
            await _swap(connection, projection, aside, old, position)
        await connection.execute(f"DROP SCHEMA {aside}, {old} CASCADE")
    finally:
        await connection.close()
    return position


async def checksum(connection: Any, projection: Projection) -> str:
    """Of every row of every table, whatever order they lie in."""
    sums = [
        await connection.fetchval(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {name} t")  # noqa: S608  our own names
        for name in projection.tables
    ]
    return " ".join(sums)


async def _catch_up(projector: Projector, connection: Any, position: int, told: Callable[[int], None]) -> int:
    while (reached := await projector.page(connection, position)) != position:
        position = reached
        told(position)
    return position


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
