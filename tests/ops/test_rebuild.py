"""Tables are made anew while the old ones serve, and hold the same rows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec
import pytest
from nats.aio.client import Client as Nats

from actors.jetstream.tasks import ended
from actors.recording.projection import PROJECTION
from actors.sourcing.event_message import headers_of
from actors.sourcing.projection import keep_up
from ops.rebuild import checksums, projection_of, rebuild
from schemas.envelope import Caller
from schemas.ids import LOCAL_USER, LOCAL_WORKSPACE, RecordingId, TemplateId, new_id
from schemas.message import Event
from schemas.recording import RecordingPaused, RecordingPrepared, RecordingStarted, TemplateSaved
from subjects import events
from subjects.streams import EVENTS
from tests.replicas import Replica
from tests.servers import until

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def silent(*_: int) -> None:
    """Nobody looks."""


async def say(nats: Nats, event: Event, entity: str) -> int:
    headers = headers_of(event, entity, Caller(), 0)
    body = msgspec.json.encode(event)
    return (await nats.jetstream().publish(events.of(type(event), entity), body, headers=headers)).seq


async def say_some(nats: Nats, count: int) -> int:
    """Recordings, and templates each of which takes the default from the one before; the last sequence."""
    last = 0
    for number in range(count):
        entity = RecordingId(new_id())
        words = (LOCAL_USER, LOCAL_WORKSPACE, f"Nr. {number}", "", "screen", {"n": number})
        await say(nats, RecordingPrepared(entity, *words, NOW), entity)
        await say(nats, RecordingStarted(entity, NOW), entity)
        await say(nats, RecordingPaused(entity, NOW), entity)
        template = TemplateId(new_id())
        last = await say(nats, TemplateSaved(template, LOCAL_USER, f"Nr. {number}", "", {}, True, NOW), template)
    return last


@pytest.fixture
async def url(database_url: str) -> str:
    connection = await asyncpg.connect(database_url)
    try:
        from ops.migrate import migrate  # noqa: PLC0415

        await migrate(connection)
    finally:
        await connection.close()
    return database_url


@asynccontextmanager
async def live(nats: Nats, url: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(url, min_size=0, max_size=4) as pool:
        projecting = asyncio.create_task(keep_up(nats, pool, PROJECTION))
        try:
            yield pool
        finally:
            await ended([projecting])


async def until_at(pool: Any, sequence: int) -> None:
    async def there() -> bool:
        return await pool.fetchval("SELECT sequence FROM projection_positions WHERE name = 'recording'") == sequence

    await until(there)


async def test_rebuilt_equals_live(nats_client: Nats, url: str) -> None:
    async with live(nats_client, url) as pool:
        last = await say_some(nats_client, 30)
        await until_at(pool, last)
        before = await checksums(pool, PROJECTION)
        rebuilt = await rebuild(nats_client, url, PROJECTION, silent)
        assert (rebuilt.sequence, rebuilt.different, rebuilt.swapped) == (last, [], True)
        assert await checksums(pool, PROJECTION) == before
        assert await pool.fetchval("SELECT count(*) FROM recording_sessions") == 30
        assert await pool.fetchval("SELECT count(*) FROM recording_templates WHERE is_default") == 1


async def test_damage_is_mended(nats_client: Nats, url: str) -> None:
    async with live(nats_client, url) as pool:
        last = await say_some(nats_client, 5)
        await until_at(pool, last)
        before = await checksums(pool, PROJECTION)
        await pool.execute("DELETE FROM recording_templates")
        await pool.execute("UPDATE recording_sessions SET title = 'wrong'")
        await rebuild(nats_client, url, PROJECTION, silent)
        assert await checksums(pool, PROJECTION) == before


async def test_a_look_tells_what_differs_and_changes_nothing(nats_client: Nats, url: str) -> None:
    async with live(nats_client, url) as pool:
        await until_at(pool, await say_some(nats_client, 5))
        assert not (await rebuild(nats_client, url, PROJECTION, silent, swap=False)).different
    async with asyncpg.create_pool(url, min_size=0) as pool:  # nobody keeps the tables up to date
        await say_some(nats_client, 2)
        await pool.execute("UPDATE recording_sessions SET title = 'wrong'")
        looked = await rebuild(nats_client, url, PROJECTION, silent, swap=False)
        assert (looked.different, looked.swapped) == (["recording_sessions"], False)
        assert await pool.fetchval("SELECT title FROM recording_sessions LIMIT 1") == "wrong"
        assert await pool.fetchval("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'rebuild%'") == 0
        rebuilt = await rebuild(nats_client, url, PROJECTION, silent)
        assert rebuilt.different == ["recording_sessions"]
        assert rebuilt.sequence > looked.sequence
        assert not (await rebuild(nats_client, url, PROJECTION, silent, swap=False)).different


async def test_a_replica_that_is_behind_makes_no_difference(nats_client: Nats, url: str, replica: Replica) -> None:
    async with live(nats_client, url) as pool:
        last = await say_some(nats_client, 5)
        await until_at(pool, last)
    replica.falls_behind(EVENTS, at=last - 3, times=6)
    rebuilt = await rebuild(nats_client, url, PROJECTION, silent)
    assert (rebuilt.sequence, rebuilt.different, replica.times) == (last, [], 0)


async def test_it_serves_and_goes_on_meanwhile(nats_client: Nats, url: str) -> None:
    async with live(nats_client, url) as pool:
        await say_some(nats_client, 20)
        reading = asyncio.create_task(_read_all_the_time(pool))
        saying = asyncio.create_task(say_some(nats_client, 60))
        for _ in range(3):
            await rebuild(nats_client, url, PROJECTION, silent)
        await until_at(pool, await saying)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        rows = await pool.fetchval("SELECT count(*) FROM recording_sessions")
        assert rows == 80
        live_sum = await checksums(pool, PROJECTION)
        await rebuild(nats_client, url, PROJECTION, silent)
        assert await checksums(pool, PROJECTION) == live_sum


async def _read_all_the_time(pool: Any) -> None:
    seen = 0
    while True:
        count = await pool.fetchval("SELECT count(*) FROM recording_sessions")
        assert count >= seen  # never fewer: nobody sees half of it
        seen = count
        await asyncio.sleep(0)


async def test_a_rebuild_that_died_leaves_everything_and_the_next_one_works(nats_client: Nats, url: str) -> None:
    async with live(nats_client, url) as pool:
        last = await say_some(nats_client, 10)
        await until_at(pool, last)
        before = await checksums(pool, PROJECTION)

        def die(*_: int) -> None:
            raise ConnectionError("killed")

        with pytest.raises(ConnectionError):
            await rebuild(nats_client, url, PROJECTION, die)
        assert await checksums(pool, PROJECTION) == before
        await rebuild(nats_client, url, PROJECTION, silent)
        assert await checksums(pool, PROJECTION) == before


async def test_indexes_and_rules_are_those_of_the_migrations(nats_client: Nats, url: str) -> None:
    ask = (
        "SELECT string_agg(d, '|' ORDER BY d) FROM (SELECT indexdef AS d FROM pg_indexes WHERE schemaname = 'public' "
        "UNION ALL SELECT conrelid::regclass::text || conname || pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace) x"
    )
    async with live(nats_client, url) as pool:
        last = await say_some(nats_client, 3)
        await until_at(pool, last)
        before = await pool.fetchval(ask)
        await rebuild(nats_client, url, PROJECTION, silent)
        assert await pool.fetchval(ask) == before
        assert await pool.fetchval("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'rebuild%'") == 0


def test_a_projection_nobody_has_is_named() -> None:
    with pytest.raises(LookupError, match="no projection 'poetry'; there are recording"):
        projection_of("poetry")
