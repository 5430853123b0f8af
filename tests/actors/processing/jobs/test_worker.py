"""Jobs are shared out, done, retried and cancelled, whoever works at them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import obstore
import pytest
from msgspec import structs
from nats.aio.client import Client
from obstore.store import LocalStore

from actors.jetstream.entries import Entries
from actors.jetstream.tasks import ended
from actors.processing.jobs import worker as working
from actors.processing.jobs.decider import Completed, Failed, Present, Processing, Queued
from actors.processing.jobs.stories import Stories
from actors.runtime import actor as runtime
from schemas.envelope import NOBODY
from schemas.errors import Conflict, Invalid, Unavailable
from schemas.ids import JobId, RecordingId, WorkspaceId, job_id, new_id
from schemas.processing import CancelJob, JobType, QueueJob, RetryJob
from schemas.recording import RecordingDeleted
from subjects import objects
from subjects.buckets import CLAIMS, WORK
from tests.actors.media_given import NatsServer, say, until
from tests.actors.processing.jobs.toy import FAILS, HOLD, noted
from tests.actors.processing.jobs.worker_process import toys, worker

NOW = datetime.now(UTC)
MOMENT_S = 0.3
"""Time in which something that must not happen could."""


class Jobs:
    """What a test asks of them."""

    def __init__(self, client: Client, folder: Path) -> None:
        self.client, self.folder = client, folder
        self.stories = Stories(client)

    async def queue(
        self, *, units: int = 3, workspace: str = NOBODY.workspace_id, job_type: JobType = "transcode",
        fails: list[Exception] | None = None,
    ) -> JobId:  # fmt: skip
        recording_id = RecordingId(new_id())
        FAILS[recording_id] = fails or []
        said = QueueJob(job_id(recording_id, job_type), recording_id, job_type, settings={"units": units})
        await self.stories.queue(said, structs.replace(NOBODY, workspace_id=WorkspaceId(workspace)))
        return said.job_id

    async def state(self, job: JobId) -> Present:
        return await self.stories.get(job, NOBODY)

    async def ends(self, job: JobId, kind: type[Present]) -> Present:
        async def there() -> bool:
            return isinstance(await self.state(job), kind)

        await until(there)
        return await self.state(job)

    async def noted(self, job: JobId, what: str, count: int) -> list[str]:
        async def there() -> bool:
            return len(noted(self.folder, job, what)) >= count

        await until(there)
        return noted(self.folder, job, what)

    def hold(self) -> None:
        (self.folder / HOLD).touch()

    def go_on(self) -> None:
        (self.folder / HOLD).unlink()

    @asynccontextmanager
    async def at_work(self, count: int = 1, slots: int = 1, seconds: float = 0.0) -> AsyncIterator[None]:
        made = [worker(self.client, self.folder, toys(self.folder, seconds), slots=slots) for _ in range(count)]
        async with AsyncExitStack() as stack:
            for _, queue in made:
                await stack.enter_async_context(runtime.running(self.client, queue))
            tasks = [asyncio.create_task(one.run()) for one, _ in made]
            try:
                yield
            finally:
                await ended(tasks)


@pytest.fixture
def jobs(client: Client, tmp_path: Path) -> Jobs:
    return Jobs(client, tmp_path)


async def test_a_job_is_planned_done_and_finished_and_leaves_nothing_in_the_queue(client: Client, jobs: Jobs) -> None:
    async with jobs.at_work():
        job = await jobs.queue()
        await jobs.ends(job, Completed)
        assert noted(jobs.folder, job, "finished") == ["unit 0=UNIT 0,unit 1=UNIT 1,unit 2=UNIT 2"]

        async def empty() -> bool:
            open_or_done = [entry for entry in await Entries(client, WORK).all() if entry.data]
            return not open_or_done and not [entry for entry in await Entries(client, CLAIMS).all() if entry.data]

        await until(empty)


async def test_a_job_without_units_is_done_at_once(jobs: Jobs) -> None:
    async with jobs.at_work():
        await jobs.ends(await jobs.queue(units=0), Completed)


async def test_workers_share_the_units_and_do_none_twice(jobs: Jobs) -> None:
    async with jobs.at_work(count=3, slots=2, seconds=0.02):
        found = [await jobs.queue(units=12) for _ in range(2)]
        for job in found:
            await jobs.ends(job, Completed)
            assert sorted(noted(jobs.folder, job, "begun")) == sorted(f"unit {n}" for n in range(12))
            assert len(noted(jobs.folder, job, "finished")) == 1


async def test_a_cancelled_job_stops_within_a_second_and_retried_does_what_is_missing(jobs: Jobs) -> None:
    async with jobs.at_work(seconds=0.02):
        job = await jobs.queue(units=30)
        await jobs.noted(job, "done", 1)
        jobs.hold()
        await until_held(jobs, job)
        begun = time.monotonic()
        await jobs.stories.decide(CancelJob(job), NOBODY)
        await jobs.noted(job, "cancelled", 1)
        assert time.monotonic() - begun < 1
        state = await jobs.ends(job, Failed)
        assert isinstance(state, Failed)
        assert state.error_message == "It was cancelled."
        done = noted(jobs.folder, job, "done")
        jobs.go_on()
        await asyncio.sleep(MOMENT_S)
        assert noted(jobs.folder, job, "done") == done

        await jobs.stories.decide(RetryJob(job), NOBODY)
        await jobs.ends(job, Completed)
    assert sorted(noted(jobs.folder, job, "done")) == sorted(f"unit {n}" for n in range(30))
    assert len(noted(jobs.folder, job, "plan")) == 1


async def until_held(jobs: Jobs, job: JobId) -> None:
    """A unit is under way that does not end."""

    async def held() -> bool:
        begun, done = noted(jobs.folder, job, "begun"), noted(jobs.folder, job, "done")
        await asyncio.sleep(0.1)  # one that was about to end has ended
        return len(begun) > len(done) and len(noted(jobs.folder, job, "done")) == len(done)

    await until(held)


async def test_what_cannot_be_worked_on_fails_its_own_job_at_once_and_says_why(jobs: Jobs) -> None:
    async with jobs.at_work():
        spoiled = await jobs.queue(fails=[Invalid("It makes no sense to the decoder.")])
        other = await jobs.queue()
        state = await jobs.ends(spoiled, Failed)
        assert isinstance(state, Failed)
        assert state.error_message == "It makes no sense to the decoder."
        await jobs.ends(other, Completed)
        assert noted(jobs.folder, spoiled, "begun").count("unit 1") == 1


async def test_an_accident_is_tried_again(jobs: Jobs) -> None:
    async with jobs.at_work():
        job = await jobs.queue(fails=[RuntimeError("an accident")])
        await jobs.ends(job, Completed)
    assert sorted(noted(jobs.folder, job, "begun")) == ["unit 0", "unit 1", "unit 1", "unit 2"]


async def test_a_defect_fails_the_job_after_a_few_attempts(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "pause_s", lambda _: 0.0)
    async with jobs.at_work():
        job = await jobs.queue(fails=[RuntimeError("a defect") for _ in range(working.ATTEMPTS)])
        state = await jobs.ends(job, Failed)
        assert isinstance(state, Failed)
        assert state.error_message == working.DEFECT
        assert noted(jobs.folder, job, "begun").count("unit 1") == working.ATTEMPTS

        await jobs.stories.decide(RetryJob(job), NOBODY)
        await jobs.ends(job, Completed)


async def test_what_is_away_is_waited_for_without_end(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "WAIT_S", 0.0)
    async with jobs.at_work():
        job = await jobs.queue(fails=[Unavailable("Storage is away."), OSError("so it is")] * working.ATTEMPTS)
        await jobs.ends(job, Completed)


async def test_nats_that_was_away_costs_a_job_nothing_but_time(server: NatsServer, jobs: Jobs) -> None:
    async with jobs.at_work(slots=2, seconds=0.02):
        job = await jobs.queue(units=12)
        await jobs.noted(job, "done", 3)
        server.kill()
        await asyncio.sleep(MOMENT_S)
        server.start()
        await jobs.ends(job, Completed)
    assert set(noted(jobs.folder, job, "done")) == {f"unit {n}" for n in range(12)}
    assert len(noted(jobs.folder, job, "finished")) == 1


async def test_a_worker_that_leaves_hands_over_at_once(jobs: Jobs) -> None:
    jobs.hold()
    async with jobs.at_work():
        job = await jobs.queue()
        await jobs.noted(job, "begun", 1)
    assert noted(jobs.folder, job, "cancelled") == ["unit 0"]
    assert isinstance(await jobs.state(job), Processing)
    jobs.go_on()
    begun = time.monotonic()
    async with jobs.at_work():
        await jobs.ends(job, Completed)
    assert time.monotonic() - begun < CLAIMS.ttl_s / 2


async def test_a_short_job_overtakes_a_long_one_and_no_workspace_waits_for_another(jobs: Jobs) -> None:
    jobs.hold()
    async with jobs.at_work(slots=2):
        long = await jobs.queue(units=20)
        await jobs.noted(long, "begun", 2)
        short, others = await jobs.queue(units=2), await jobs.queue(units=20, workspace="others")

        async def queued() -> bool:
            return len([entry for entry in await Entries(jobs.client, WORK).all("*.*.open") if entry.data]) == 3

        await until(queued)
        jobs.go_on()
        await jobs.ends(short, Completed)
        assert len(noted(jobs.folder, long, "done")) < 20
        assert noted(jobs.folder, others, "begun")


async def test_how_far_a_job_is_stands_in_its_story(jobs: Jobs) -> None:
    async with jobs.at_work(seconds=0.1):
        job = await jobs.queue(units=4)
        await jobs.noted(job, "done", 2)
        jobs.hold()

        async def told() -> bool:
            state = await jobs.state(job)
            return isinstance(state, Processing) and state.progress in (30, 60)  # of units that cost 1, 2, 3 and 4

        await until(told)


async def test_a_deleted_recording_has_no_jobs_and_no_objects(client: Client, jobs: Jobs) -> None:
    store = LocalStore(jobs.folder / "objects", mkdir=True)
    jobs.hold()
    async with jobs.at_work():
        job = await jobs.queue()
        await jobs.noted(job, "begun", 1)
        recording_id = RecordingId(job.partition("-")[0])
        path = f"{objects.prefix(recording_id)}720p/0.m4s"
        await obstore.put_async(store, path, b"written too late")
        await say(client, RecordingDeleted(recording_id, NOW))
        await jobs.stories.drop(job)

        async def gone() -> bool:
            return not [found async for found in obstore.list(store, objects.prefix(recording_id)) if found]

        await until(gone)
        assert noted(jobs.folder, job, "cancelled") == ["unit 0"]

        late = QueueJob(job_id(recording_id, "thumbnail"), recording_id, "thumbnail")
        await jobs.stories.queue(late, NOBODY)
        await jobs.ends(late.job_id, Failed)


async def test_a_job_that_is_done_cannot_be_cancelled(jobs: Jobs) -> None:
    async with jobs.at_work():
        job = await jobs.queue()
        await jobs.ends(job, Completed)
    with pytest.raises(Conflict):
        await jobs.stories.decide(CancelJob(job), NOBODY)


async def test_what_nobody_here_can_do_is_left_to_others(jobs: Jobs) -> None:
    async with jobs.at_work():
        unknown = await jobs.queue(job_type="optimize")
        await jobs.ends(await jobs.queue(), Completed)
        assert isinstance(await jobs.state(unknown), Queued)
