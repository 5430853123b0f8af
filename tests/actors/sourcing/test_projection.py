"""What is wrong with an event is told from what is wrong with the connection."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import asyncpg
import msgspec
import pytest
from nats.aio.client import Client as Nats

from actors.jetstream import direct_get
from actors.jetstream.direct_get import Entry
from actors.recording.projection import PROJECTION
from actors.sourcing.event_message import headers_of
from actors.sourcing.projection import Projector
from schemas.envelope import Caller
from schemas.ids import RecordingId, new_id
from schemas.recording import RecordingStarted
from subjects import dead_letters, events
from subjects.streams import DLQ, EVENTS

NOW = datetime(2026, 11, 28, tzinfo=UTC)
BEFORE_ALL_TIME = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))  # asyncpg refuses it


async def say(nats: Nats, at: datetime) -> int:
    entity = RecordingId(new_id())
    event = RecordingStarted(entity, at)
    headers = headers_of(event, entity, Caller(), 0)
    said = await nats.jetstream().publish(
        events.of(RecordingStarted, entity), msgspec.json.encode(event), headers=headers
    )
    return said.seq


async def buried(nats: Nats) -> Entry | None:
    return await direct_get.last(nats, DLQ.name, dead_letters.of(EVENTS.name, dead_letters.projection("recording")))


async def test_an_event_waits_while_the_connection_is_closed(nats_client: Nats, database: Any) -> None:
    sequence = await say(nats_client, NOW)
    projector = Projector(nats_client, PROJECTION)
    async with database.acquire() as connection:
        await connection.close()
        with pytest.raises(asyncpg.InterfaceError):
            await projector.page(connection, 0)
    assert await buried(nats_client) is None
    async with database.acquire() as connection:
        assert await projector.page(connection, 0) == sequence


async def test_an_event_that_cannot_be_written_is_buried(nats_client: Nats, database: Any) -> None:
    sequence = await say(nats_client, BEFORE_ALL_TIME)
    async with database.acquire() as connection:
        assert await Projector(nats_client, PROJECTION).page(connection, 0) == sequence
    assert await buried(nats_client)
