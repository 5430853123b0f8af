"""How are those who look at a recording told how far its jobs are? Over core NATS: the next one comes soon."""

from contextlib import suppress

import msgspec
from nats.aio.client import Client
from nats.errors import Error

from actors.processing.jobs.work import Job
from schemas.live import JobProgress
from schemas.processing import JobStatus
from subjects import live


async def tell(nats: Client, job: Job, status: JobStatus, progress: int) -> None:
    """Say it to whoever listens."""
    said = JobProgress(job.id, job.job_type, status, progress)
    with suppress(Error, OSError):
        await nats.publish(live.progress(job.recording_id), msgspec.json.encode(said))
