"""Jobs over HTTP: listed, read, retried, cancelled, told of while they are worked at; metadata."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from msgspec import structs
from nats.aio.client import Client as Nats

from actors.jetstream.tasks import ended
from actors.processing.jobs.queue import QueueActor
from actors.processing.jobs.requests import Desk, JobRequests
from actors.processing.jobs.worker import Worker
from actors.processing.projection import PROJECTION
from actors.runtime import actor as runtime
from actors.runtime.actor import Actor
from actors.runtime.client import Client
from actors.sourcing.projection import keep_up
from schemas.envelope import NOBODY
from schemas.errors import Gone, Invalid
from schemas.ids import JobId, RecordingId, WorkspaceId, job_id, new_id
from schemas.processing import GetJob, JobType, MetadataMeasured, QueueJob
from schemas.recording import RecordingDeleted
from tests.actors.media_given import say
from tests.actors.processing.jobs.toy import HOLD
from tests.actors.processing.jobs.worker_process import toys, worker
from tests.gateways.api.test_live import listening
from tests.gateways.api.test_recordings import call, started
from tests.servers import until

BASE = "/api/v1/processing"
NOW = datetime(2026, 11, 28, 10, 0, tzinfo=UTC)


class Processing(JobRequests, Actor, service="processing"):
    """What answers for jobs, without the rest of the service."""


class Jobs:
    """The toy's jobs, asked for as a service does."""

    def __init__(self, nats: Nats, folder: Path) -> None:
        self._client = Client(nats)
        self.hold = folder / HOLD

    async def queue(
        self, recording_id: str = "", job_type: JobType = "transcode", workspace: str = NOBODY.workspace_id
    ) -> JobId:
        about = RecordingId(recording_id or new_id())
        said = QueueJob(job_id(about, job_type), about, job_type, settings={"units": 2})
        caller = structs.replace(NOBODY, workspace_id=WorkspaceId(workspace))
        return (await self._client.ask(said, caller)).id


@pytest.fixture
async def jobs(nats_client: Nats, database: Any, tmp_path: Path) -> AsyncIterator[Jobs]:
    made, queue = worker(nats_client, tmp_path, toys(tmp_path))
    assert isinstance(made, Worker)
    assert isinstance(queue, QueueActor)
    desk = Desk(database, made.works, made.stories, made.board, made.remains)
    working = [asyncio.create_task(made.run()), asyncio.create_task(keep_up(nats_client, database, PROJECTION))]
    try:
        async with runtime.running(nats_client, Processing(desk)), runtime.running(nats_client, queue):
            yield Jobs(nats_client, tmp_path)
    finally:
        await ended(working)


async def get(api: aiohttp.ClientSession, path: str) -> Any:
    status, found = await call(api, "GET", f"{BASE}{path}")
    assert status == 200, found
    return found


async def until_is(api: aiohttp.ClientSession, job: str, status: str) -> dict[str, Any]:
    found: dict[str, Any] = {}

    async def there() -> bool:
        nonlocal found
        found = await get(api, f"/{job}")
        return bool(found["status"] == status)

    await until(there)
    return found


async def test_a_job_is_read_cancelled_and_retried(api: aiohttp.ClientSession, jobs: Jobs) -> None:
    jobs.hold.touch()
    job = await jobs.queue()
    seen = await until_is(api, job, "processing")
    assert (seen["id"], seen["job_type"], seen["error_message"]) == (job, "transcode", None)
    status, seen = await call(api, "POST", f"{BASE}/{job}/cancel")
    assert (status, seen["status"], seen["error_message"]) == (200, "failed", "It was cancelled.")
    assert (await call(api, "POST", f"{BASE}/{job}/cancel"))[0] == 200
    jobs.hold.unlink()
    status, seen = await call(api, "POST", f"{BASE}/{job}/retry")
    assert (status, seen["status"], seen["error_message"]) == (200, "queued", None)
    seen = await until_is(api, job, "completed")
    assert (seen["progress"], seen["completed_at"] is not None) == (100, True)
    for verb in ("cancel", "retry"):
        assert (await call(api, "POST", f"{BASE}/{job}/{verb}"))[0] == 409


async def test_what_is_no_job_is_not_found(api: aiohttp.ClientSession, jobs: Jobs) -> None:
    others = await jobs.queue(workspace="others")
    for job in (others, f"{new_id()}-transcode", "nonsense", "a" * 300):
        for method, path in (("GET", ""), ("POST", "/cancel"), ("POST", "/retry")):
            assert (await call(api, method, f"{BASE}/{job}{path}"))[0] == 404


async def test_the_list_is_filtered_and_has_pages(api: aiohttp.ClientSession, jobs: Jobs) -> None:
    recording_id = new_id()
    mine = {await jobs.queue(recording_id, kind) for kind in ("transcode", "thumbnail")}
    other = await jobs.queue()
    await jobs.queue(workspace="others")
    for job in (*mine, other):
        await until_is(api, job, "completed")

    async def listed() -> bool:
        return len((await get(api, "?status=completed"))["jobs"]) == 3

    await until(listed)
    assert {job["id"] for job in (await get(api, f"?recording_id={recording_id}"))["jobs"]} == mine
    assert (await get(api, f"?recording_id={recording_id}&status=failed"))["jobs"] == []
    first = await get(api, "?limit=2")
    second = await get(api, f"?limit=2&cursor={first['next_cursor']}")
    assert second["next_cursor"] == ""
    assert first["jobs"][0]["id"] == other
    assert {job["id"] for job in first["jobs"] + second["jobs"]} == {*mine, other}
    for wrong in ("?status=lazy", "?limit=0", "?cursor=nonsense"):
        assert (await call(api, "GET", BASE + wrong))[0] == 400


async def test_who_looks_at_a_recording_sees_its_jobs_advance(api: aiohttp.ClientSession, jobs: Jobs) -> None:
    view = await started(api)
    async with listening(api, view["id"]) as listener:
        jobs.hold.touch()
        job = await jobs.queue(view["id"])
        await told(listener, {"job_id": job, "job_type": "transcode", "status": "queued", "progress": 0})
        await told(listener, {"job_id": job, "job_type": "transcode", "status": "processing", "progress": 0})
        jobs.hold.unlink()
        await told(listener, {"job_id": job, "job_type": "transcode", "status": "completed", "progress": 100})


async def told(listener: Any, expected: dict[str, Any]) -> None:
    while True:
        name, said = await listener.event()
        assert name
        if name == "progress" and said == expected:
            return


async def test_what_was_measured_is_read(api: aiohttp.ClientSession, jobs: Jobs, nats_client: Nats) -> None:  # noqa: ARG001
    view = await started(api)
    path = f"/api/v1/recordings/{view['id']}/metadata"
    assert (await call(api, "GET", path))[0] == 404
    about = RecordingId(view["id"])
    await say(nats_client, MetadataMeasured(about, "recordings/x/", 9, 2.5, 640, 360, 30.0, 99, "avc1", "fmp4", NOW))

    async def there() -> bool:
        return (await call(api, "GET", path))[0] == 200

    await until(there)
    assert (await call(api, "GET", path))[1]["frame_rate"] == 30.0
    await say(nats_client, MetadataMeasured(about, "recordings/x/", 9, 2.5, None, None, None, 99, "opus", "fmp4", NOW))

    async def without_picture() -> bool:
        return (await call(api, "GET", path))[1]["width"] is None

    await until(without_picture)


async def test_nothing_is_queued_that_nobody_can_do(jobs: Jobs, nats_client: Nats) -> None:
    with pytest.raises(Invalid, match="nobody"):
        await jobs.queue(job_type="optimize")
    deleted = RecordingId(new_id())
    await say(nats_client, RecordingDeleted(deleted, NOW))
    with pytest.raises(Gone):
        await jobs.queue(deleted)
    assert (await Client(nats_client).ask(GetJob(await jobs.queue()))).status in ("queued", "processing", "completed")
