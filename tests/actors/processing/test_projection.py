"""Jobs and metadata stand in the tables as the events say, and are made anew from them."""

from datetime import UTC, datetime
from typing import Any

import asyncpg
from nats.aio.client import Client

from actors.jetstream import direct_get
from actors.processing.projection import PROJECTION
from actors.sourcing.projection import Projector
from ops.migrate import migrate
from ops.rebuild import projection_of, rebuild
from schemas.ids import LOCAL_WORKSPACE, RecordingId, job_id, new_id
from schemas.message import Event
from schemas.processing import (
    JobCancelled,
    JobCompleted,
    JobFailed,
    JobProgressed,
    JobQueued,
    JobRetried,
    JobStarted,
    MetadataMeasured,
    RecordingForgotten,
)
from subjects import events
from subjects.streams import EVENTS
from tests.actors.media_given import say
from tests.servers import until

NOW = datetime(2026, 11, 28, 10, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 28, 10, 1, tzinfo=UTC)
ROW = "SELECT status, progress, error_message, started_at, completed_at FROM processing_jobs WHERE id = $1"


def story(*kinds: str) -> tuple[str, list[Event]]:
    """A job's id, and its events."""
    recording_id = RecordingId(new_id())
    job = job_id(recording_id, "transcode")
    told: dict[str, Event] = {
        "queued": JobQueued(job, recording_id, LOCAL_WORKSPACE, "transcode", "in/", "out/", {"rungs": [720]}, NOW),
        "started": JobStarted(job, recording_id, NOW),
        "progressed": JobProgressed(job, recording_id, 40, NOW),
        "completed": JobCompleted(job, recording_id, LATER),
        "failed": JobFailed(job, recording_id, "It crashed.", LATER),
        "retried": JobRetried(job, recording_id, LATER),
        "cancelled": JobCancelled(job, recording_id, "asked", LATER),
        "dropped": JobCancelled(job, recording_id, "deleted", LATER),
        "measured": MetadataMeasured(
            recording_id, "in/", 9, 2.5, 640, 360, 29.97, 28, "avc1.42c01f,opus", "fmp4", LATER
        ),
        "measured again": MetadataMeasured(recording_id, "in/", 10, 2.6, None, None, None, 30, "opus", "fmp4", LATER),
        "forgotten": RecordingForgotten(recording_id, LATER),
    }
    return job, [told[kind] for kind in kinds]


STORIES = {
    ("queued",): ("queued", 0, None, None, None),
    ("queued", "started"): ("processing", 0, None, NOW, None),
    ("queued", "started", "completed"): ("completed", 100, None, NOW, LATER),
    ("queued", "started", "failed"): ("failed", 0, "It crashed.", NOW, LATER),
    ("queued", "started", "progressed"): ("processing", 40, None, NOW, None),
    ("queued", "started", "progressed", "completed"): ("completed", 100, None, NOW, LATER),
    ("queued", "started", "progressed", "failed", "retried"): ("queued", 40, None, None, None),
    ("queued", "started", "cancelled"): ("failed", 0, "It was cancelled.", NOW, LATER),
    ("queued", "started", "failed", "retried"): ("queued", 0, None, None, None),
    ("queued", "queued"): ("queued", 0, None, None, None),
    ("queued", "dropped"): None,
    ("queued", "started", "completed", "measured", "forgotten"): None,
}


async def projected(nats: Client, connection: Any) -> None:
    """Up to the last event there is."""
    projector = Projector(nats, PROJECTION)
    last = await direct_get.known(nats, EVENTS.name, events.service(PROJECTION.service))
    assert last

    async def there() -> bool:
        position = await projector.position(connection)
        return await projector.page(connection, position) >= last.sequence

    await until(there)


async def test_the_tables_say_what_has_happened_and_made_anew_say_the_same(client: Client, database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await migrate(connection)
        jobs = {}
        for kinds in STORIES:
            jobs[kinds], told = story(*kinds)
            for event in told:
                await say(client, event)
        measured, told = story("queued", "measured", "measured again")
        for event in told:
            await say(client, event)
        await projected(client, connection)

        for kinds, expected in STORIES.items():
            row = await connection.fetchrow(ROW, jobs[kinds])
            assert (tuple(row) if row else None) == expected, kinds
        rows = await connection.fetch("SELECT recording_id, file_size_bytes, width, codec FROM video_metadata")
        assert [tuple(row) for row in rows] == [(measured.partition("-")[0], 10, None, "opus")]

        await connection.execute("UPDATE processing_jobs SET progress = 50")
        made = await rebuild(client, database_url, projection_of("processing"), lambda *_: None)
        assert made.swapped
        assert made.different == ["processing_jobs"]
        for kinds, expected in STORIES.items():
            row = await connection.fetchrow(ROW, jobs[kinds])
            assert (tuple(row) if row else None) == expected, kinds
    finally:
        await connection.close()
