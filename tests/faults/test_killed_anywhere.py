"""kill -9 before and behind every word to the event store and to PostgreSQL: the state stays what the model says."""

import asyncio
from typing import Any

import asyncpg
import pytest
from nats.aio.client import Client as Nats

from actors.jetstream import direct_get
from actors.recording.projection import PROJECTION
from actors.runtime.client import Client
from actors.sourcing.event_message import decode
from ops.migrate import migrate
from ops.rebuild import checksums, rebuild
from schemas.envelope import Caller
from schemas.errors import Unavailable
from schemas.ids import RecordingId, new_id
from schemas.message import Event
from schemas.recording import (
    ConnectSource,
    PauseRecording,
    RecordingPaused,
    RecordingPrepared,
    RecordingStarted,
    StartRecording,
)
from subjects import events
from subjects.streams import DLQ, EVENTS
from tests.dying import NEVER, DyingService
from tests.servers import NatsServer, until

EXPECTED: list[type[Event]] = [RecordingPrepared, RecordingStarted, RecordingPaused]
MOST_POINTS = 200


class Life:
    """What is asked of a recording, and what must be there afterwards, however often the service died."""

    def __init__(self, client: Nats, database: Any) -> None:
        self._nats, self._database = client, database
        self._asking = Client(client)
        self.entity = RecordingId(new_id())

    async def ask(self, deadline_s: float) -> bool:
        """Every command under its own id, so that it may be asked again; whether all were answered."""
        wishes = (StartRecording(self.entity, "Demo"), ConnectSource(self.entity), PauseRecording(self.entity))
        try:
            for number, wish in enumerate(wishes):
                await self._asking.ask(wish, Caller(command_id=f"{self.entity}.{number}"), deadline_s=deadline_s)
        except Unavailable:
            return False
        return True

    async def is_projected(self) -> bool:
        newest = await direct_get.last(self._nats, EVENTS.name, events.service("recording"))
        position = await self._database.fetchval("SELECT sequence FROM projection_positions WHERE name = 'recording'")
        return newest is not None and position == newest.sequence

    async def check(self) -> None:
        page = await direct_get.batch(self._nats, EVENTS.name, events.entity("recording", self.entity), 1)
        assert [type(decode(entry.subject, entry.headers, entry.data)) for entry in page] == EXPECTED
        row = await self._database.fetchrow("SELECT * FROM recording_sessions WHERE id = $1", self.entity)
        assert (row["status"], row["paused"], row["title"]) == ("recording", True, "Demo")
        stretches = await self._database.fetch("SELECT * FROM recording_segments WHERE recording_id = $1", self.entity)
        assert [stretch["segment_number"] for stretch in stretches] == [0]
        assert stretches[0]["ended_at"] is not None


@pytest.mark.timeout(300)
async def test_killed_at_every_point_it_comes_back_to_the_same_state(
    nats_server: NatsServer, nats_client: Nats, database_url: str
) -> None:
    connection = await asyncpg.connect(database_url)
    await migrate(connection)
    async with DyingService(nats_server.url, database_url) as service:
        for point in range(1, MOST_POINTS):
            life = Life(nats_client, connection)
            await service.live(point)
            answering = asyncio.create_task(life.ask(5.0))

            async def done_or_dead(answering: asyncio.Task[bool] = answering, life: Life = life) -> bool:
                return service.is_dead() or (answering.done() and answering.result() and await life.is_projected())

            await until(done_or_dead)
            answering.cancel()
            await asyncio.wait([answering])
            survived = await service.end()
            await service.live(NEVER)
            assert await life.ask(10.0)
            await until(life.is_projected)
            await life.check()
            assert await service.end()
            if survived:
                break
        assert point > 20
        live = await checksums(connection, PROJECTION)
        await rebuild(nats_client, database_url, PROJECTION, lambda *_: None)
        assert await checksums(connection, PROJECTION) == live
    assert (await nats_client.jetstream().stream_info(DLQ.name)).state.messages == 0
    await connection.close()
    print(f"killed at {point - 1} points")  # noqa: T201
