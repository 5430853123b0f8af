"""What do the events of jobs lead to? What is queued stands in WORK, what has ended does not; who looks is told."""

import nats.errors
from nats.aio.client import Client
from nats.js.errors import APIError
from obstore.exceptions import BaseError

from actors.processing.jobs import progress, view
from actors.processing.jobs.board import Board
from actors.processing.jobs.decider import Absent, Completed, Processing, Queued
from actors.processing.jobs.remains import Remains
from actors.processing.jobs.stories import Stories
from actors.processing.jobs.work import Job
from actors.runtime.actor import Actor
from actors.runtime.handlers import on
from schemas.envelope import Meta
from schemas.errors import Unavailable
from schemas.ids import JobId
from schemas.processing import JobCancelled, JobCompleted, JobFailed, JobQueued, JobRetried

AWAY = (OSError, BaseError, nats.errors.Error, APIError)


class QueueActor(Actor, service="queue"):
    """Keeps the queue of jobs as their stories say. Each handler looks at how the job is now: it may come late."""

    def __init__(self, nats: Client, stories: Stories, board: Board, remains: Remains) -> None:
        self._nats = nats
        self._stories = stories
        self._board = board
        self._remains = remains

    @on(JobQueued)
    async def queued(self, event: JobQueued, meta: Meta) -> None:  # noqa: ARG002
        """Somebody is to do it."""
        await self._settle(event.job_id)

    @on(JobRetried)
    async def retried(self, event: JobRetried, meta: Meta) -> None:  # noqa: ARG002
        """Somebody is to do what is missing."""
        await self._settle(event.job_id)

    @on(JobCompleted)
    async def completed(self, event: JobCompleted, meta: Meta) -> None:  # noqa: ARG002
        """It is done."""
        await self._settle(event.job_id)

    @on(JobFailed)
    async def failed(self, event: JobFailed, meta: Meta) -> None:  # noqa: ARG002
        """It is given up."""
        await self._settle(event.job_id)

    @on(JobCancelled)
    async def cancelled(self, event: JobCancelled, meta: Meta) -> None:  # noqa: ARG002
        """Whoever is at it stops."""
        await self._settle(event.job_id)

    async def _settle(self, job_id: JobId) -> None:
        state = await self._stories.state(job_id)
        if isinstance(state, Absent):
            raise Unavailable(f"The story of {job_id} is not to be read yet.")  # a replica is behind
        said = state.said
        paths = (said.input_path, said.output_path)
        job = Job(said.job_id, said.recording_id, said.workspace_id, said.job_type, *paths, said.settings)
        try:
            if isinstance(state, Queued | Processing):
                await self._open(job, said.at.timestamp())
            else:
                await self._board.close(job_id)
            if isinstance(state, Completed):
                await self._board.forget(job_id)
        except AWAY as error:
            raise Unavailable(f"The queue does not hold {job_id} as it is: {error}") from error
        seen = view.of(state)
        await progress.tell(self._nats, job, seen.status, seen.progress)

    async def _open(self, job: Job, queued_at: float) -> None:
        """A deletion either finds it in the queue, or is found here."""
        await self._board.open(job, queued_at)
        if await self._remains.is_deleted(job.recording_id):
            await self._stories.drop(job.id)
