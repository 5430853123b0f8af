from datetime import UTC, datetime

from nats.aio.client import Client

from actors.jetstream import direct_get
from actors.processing.said import Said
from schemas.ids import RecordingId, new_id
from schemas.processing import PosterMade, RecordingForgotten
from subjects import events
from subjects.streams import EVENTS

NOW = datetime.now(UTC)


async def sequence(client: Client, recording_id: RecordingId) -> int:
    """Where in the stream it was said last; 0 when it was not."""
    found = await direct_get.last(client, EVENTS.name, events.of(PosterMade, recording_id))
    return found.sequence if found else 0


async def test_it_is_said_once_however_often_a_worker_finishes(client: Client) -> None:
    recording_id, said = RecordingId(new_id()), Said(client)
    await said.once(PosterMade(recording_id, NOW), recording_id, "a job.made")
    first = await sequence(client, recording_id)
    assert first
    for again in (said, Said(client)):
        await again.once(PosterMade(recording_id, NOW), recording_id, "a job.made")
    assert await sequence(client, recording_id) == first
    await said.once(PosterMade(recording_id, NOW), recording_id, "another job.made")
    assert await sequence(client, recording_id) > first


async def test_of_a_forgotten_recording_nothing_is_said(client: Client) -> None:
    recording_id, said = RecordingId(new_id()), Said(client)
    await said.once(RecordingForgotten(recording_id, NOW), recording_id, "deleted")
    await said.once(PosterMade(recording_id, NOW), recording_id, "a job.made")
    assert await sequence(client, recording_id) == 0
