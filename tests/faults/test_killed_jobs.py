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

from actors.processing.jobs.decider import Completed
from actors.processing.jobs.stories import Stories
from schemas.envelope import NOBODY
from schemas.ids import JobId, RecordingId, job_id, new_id
from schemas.processing import QueueJob
from subjects.buckets import CLAIMS
from tests.actors.processing.jobs.toy import HOLD, noted, who
from tests.actors.processing.jobs.worker_process import CLAIM_S
from tests.servers import ROOT, NatsServer, until

UNITS: Final = 24
Start = Callable[[], subprocess.Popen[bytes]]


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

    def one() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.actors.processing.jobs.worker_process", nats_server.url, str(folder)]
        started.append(subprocess.Popen(command, cwd=ROOT))
        return started[-1]

    yield one
    for process in started:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()


async def queued(client: Client) -> JobId:
    recording_id = RecordingId(new_id())
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
        start()
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
    workers = [start() for _ in range(2)]
    job = await queued(nats_client)
    await until_noted(folder, job, "done", 4)
    for worker in workers:
        worker.kill()
    for worker in workers:
        await asyncio.to_thread(worker.wait)
    done = noted(folder, job, "done")
    assert len(done) < UNITS
    for _ in range(2):
        start()
    await until_completed(nats_client, job)
    begun = Counter(noted(folder, job, "begun"))
    assert set(begun) == {f"unit {n}" for n in range(UNITS)}
    assert sum(begun.values()) <= UNITS + 2
