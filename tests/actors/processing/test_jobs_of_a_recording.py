"""What is done with every recording once it is completed, and what becomes of it when the recording is deleted."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from nats.aio.client import Client
from obstore.store import LocalStore

from actors.jetstream import direct_get
from actors.processing import actor as processing
from actors.processing.jobs.decider import Completed, Failed
from actors.processing.jobs.stories import Stories
from actors.runtime import actor as runtime
from actors.runtime.actor import Actor
from actors.runtime.client import Client as Asker
from actors.runtime.handlers import query
from schemas.envelope import Caller
from schemas.errors import Gone, Unavailable
from schemas.ids import LOCAL_USER, JobId, RecordingId, WorkspaceId, job_id, new_id
from schemas.processing import ListJobs, RecordingForgotten, RetryJob
from schemas.recording import GetRecording, RecordingCompleted, RecordingDeleted, RecordingView, Status
from subjects import events
from subjects.streams import EVENTS
from tests.actors.media_given import free_port, say, until
from tests.actors.processing.jobs.toy import HOLD, Toy, noted

NOW = datetime.now(UTC)
TEAM = WorkspaceId("team")


class Recordings(Actor, service="recording"):
    """Stands where the recording service stands; all are the team's."""

    @query
    async def get(self, said: GetRecording, caller: Caller) -> RecordingView:  # noqa: ARG002
        return RecordingView(said.recording_id, LOCAL_USER, TEAM, "", "", "screen", Status.COMPLETED, {}, NOW, NOW)


@pytest.fixture
async def service(
    client: Client, store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[None]:
    """The service with the toy as its work, and without a database."""
    monkeypatch.setattr(processing, "works", lambda _: {"transcode": Toy(tmp_path), "analyze": Toy(tmp_path)})
    away = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    async with (
        asyncpg.create_pool(away, min_size=0, timeout=1) as database,
        runtime.running(client, Recordings()),
        processing.running(client, store, database, slots=2),
    ):
        yield


async def ends(client: Client, job: JobId, kind: type) -> None:
    stories = Stories(client)

    async def there() -> bool:
        return isinstance(await stories.state(job), kind)

    await until(there)


async def completed(client: Client) -> RecordingId:
    recording_id = RecordingId(new_id())
    await say(client, RecordingCompleted(recording_id, NOW, 4.0, 1_000, []))
    return recording_id


@pytest.mark.usefixtures("service")
async def test_jobs_of_a_completed_recording_are_done_also_without_a_database(client: Client) -> None:
    recording_id = await completed(client)
    await say(client, RecordingCompleted(recording_id, NOW, 4.0, 1_000, []))
    for kind in ("transcode", "analyze"):
        job = job_id(recording_id, kind)
        await ends(client, job, Completed)
        state = await Stories(client).get(job, Caller(workspace_id=TEAM))
        assert state.said.input_path == f"recordings/{recording_id}/"
    with pytest.raises(Unavailable):
        await Asker(client).ask(ListJobs(), deadline_s=30)


@pytest.mark.usefixtures("service")
async def test_deleting_a_recording_ends_its_jobs_for_good(client: Client, tmp_path: Path) -> None:
    (tmp_path / HOLD).touch()
    recording_id = await completed(client)
    job = job_id(recording_id, "transcode")

    async def begun() -> bool:
        return bool(noted(tmp_path, job, "begun"))

    await until(begun)
    await say(client, RecordingDeleted(recording_id, NOW))
    await ends(client, job, Failed)

    async def forgotten() -> bool:
        subject = events.of(RecordingForgotten, recording_id)
        return await direct_get.last(client, EVENTS.name, subject) is not None

    await until(forgotten)

    async def stopped() -> bool:
        return len(noted(tmp_path, job, "cancelled")) == len(noted(tmp_path, job, "begun"))

    await until(stopped)
    with pytest.raises(Gone):
        await Asker(client).ask(RetryJob(job), Caller(workspace_id=TEAM))
