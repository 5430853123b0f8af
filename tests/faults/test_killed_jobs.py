"""Whoever works at a job may be killed, and all of them at once: it costs what they were at, and the job is done."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
from nats.aio.client import Client
from nats.js.api import StreamConfig

from actors.jetstream.entries import Entries
from actors.processing.jobs.decider import Completed
from actors.processing.jobs.open_job import Done, decode
from actors.processing.jobs.stories import Stories
from media.hls import index as indices
from schemas.envelope import NOBODY
from schemas.ids import JobId, RecordingId, job_id, new_id
from schemas.processing import QueueJob
from subjects import objects, work
from subjects.buckets import CLAIMS, WORK
from tests.actors.processing.jobs.toy import HOLD, noted, who
from tests.actors.processing.jobs.worker_process import CLAIM_S, Kind, objects_in
from tests.actors.processing.ladder.recorded import store_video
from tests.servers import ROOT, NatsServer, until

UNITS: Final = 24
SEGMENTS: Final = 10
SIZE: Final = (640, 360)
Start = Callable[[Kind], subprocess.Popen[bytes]]


@pytest.fixture
async def folder(nats_client: Client, tmp_path: Path) -> Path:
    """Where workers leave notes; claims end soon here."""
    manager = nats_client.jetstream()
    found: StreamConfig = (await manager.stream_info(CLAIMS.stream)).config
    await manager.update_stream(found.evolve(max_age=CLAIM_S, duplicate_window=CLAIM_S))
    return tmp_path


@pytest.fixture
async def start(nats_server: NatsServer, folder: Path) -> AsyncIterator[Start]:
    """Start a worker."""
    started: list[subprocess.Popen[bytes]] = []

    def one(kind: Kind) -> subprocess.Popen[bytes]:
        module = "tests.actors.processing.jobs.worker_process"
        started.append(subprocess.Popen([sys.executable, "-m", module, nats_server.url, str(folder), kind], cwd=ROOT))
        return started[-1]

    yield one
    for process in started:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()


async def queued(client: Client, recording: str = "") -> JobId:
    recording_id = RecordingId(recording or new_id())
    said = QueueJob(job_id(recording_id, "transcode"), recording_id, "transcode", settings={"units": UNITS})
    return (await Stories(client).queue(said, NOBODY)).said.job_id


async def until_noted(folder: Path, job: JobId, what: str, count: int) -> None:
    async def there() -> bool:
        return len(noted(folder, job, what)) >= count

    await until(there)


async def until_completed(client: Client, job: JobId) -> None:
    stories = Stories(client)

    async def there() -> bool:
        return isinstance(await stories.state(job), Completed)

    await until(there)


async def test_a_worker_killed_in_mid_job_costs_the_unit_it_was_at(
    nats_client: Client, folder: Path, start: Start
) -> None:
    for _ in range(2):
        start("toy")
    job = await queued(nats_client)
    await until_noted(folder, job, "done", 4)
    (folder / HOLD).touch()
    victim = int(min(who(folder, job, "begun")))
    os.kill(victim, signal.SIGKILL)
    (folder / HOLD).unlink()
    await until_completed(nats_client, job)
    begun = Counter(noted(folder, job, "begun"))
    assert set(begun) == set(noted(folder, job, "done")) == {f"unit {n}" for n in range(UNITS)}
    assert sum(begun.values()) <= UNITS + 1
    assert len(noted(folder, job, "finished")) == 1


async def test_when_all_workers_are_killed_the_job_goes_on_with_the_next_ones(
    nats_client: Client, folder: Path, start: Start
) -> None:
    workers = [start("toy") for _ in range(2)]
    job = await queued(nats_client)
    await until_noted(folder, job, "done", 4)
    for worker in workers:
        worker.kill()
    for worker in workers:
        await asyncio.to_thread(worker.wait)
    done = noted(folder, job, "done")
    assert len(done) < UNITS
    for _ in range(2):
        start("toy")
    await until_completed(nats_client, job)
    begun = Counter(noted(folder, job, "begun"))
    assert set(begun) == {f"unit {n}" for n in range(UNITS)}
    assert sum(begun.values()) <= UNITS + 2


async def test_when_all_workers_are_killed_in_mid_ladder_no_segment_is_missing(
    nats_client: Client, folder: Path, start: Start
) -> None:
    store, recording_id = objects_in(folder), new_id()
    source = (await store_video(store, recording_id, [SIZE] * SEGMENTS)).renditions["video"]
    workers = [start("ladder") for _ in range(2)]
    job = await queued(nats_client, recording_id)

    async def in_the_middle() -> bool:
        return await segments_done(nats_client, job) >= 2

    await until(in_the_middle)
    for worker in workers:
        worker.kill()
    for worker in workers:
        await asyncio.to_thread(worker.wait)
    assert await segments_done(nats_client, job) < SEGMENTS
    for _ in range(2):
        start("ladder")
    await until_completed(nats_client, job)
    found = await store.get_async(objects.renditions(recording_id))
    (made,) = indices.decode(bytes(await found.bytes_async())).renditions.values()
    assert [(one.number, one.start_s, one.gap) for one in made.segments] == [
        (one.number, one.start_s, one.gap) for one in source.segments
    ]
    for one in made.segments:
        assert (await store.head_async(objects.segment(recording_id, made.name, one.number)))["size"] == one.size_bytes


async def segments_done(client: Client, job: JobId) -> int:
    entries = await Entries(client, WORK).all(work.steps(job))
    steps = [work.read(entry.subject).step for entry in entries if isinstance(decode(entry.data), Done)]
    return sum(step.isdecimal() for step in steps)
