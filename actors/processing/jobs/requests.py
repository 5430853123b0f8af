"""What may be asked about jobs? The commands and queries of the `processing` service that are about them."""

from collections.abc import Mapping
from typing import Final

import asyncpg
import nats.errors
from msgspec import Struct, structs

from actors.processing import reading
from actors.processing.jobs import view
from actors.processing.jobs.board import Board
from actors.processing.jobs.decider import Present
from actors.processing.jobs.remains import Remains
from actors.processing.jobs.stories import Stories
from actors.processing.jobs.work import Work
from actors.runtime.handlers import command, query
from schemas.envelope import Caller, Meta
from schemas.errors import Gone, Invalid, Unavailable
from schemas.ids import RecordingId, WorkspaceId, job_id
from schemas.processing import (
    CancelJob,
    GetJob,
    GetMetadata,
    JobPage,
    JobType,
    JobView,
    ListJobs,
    QueueJob,
    RetryJob,
    VideoMetadata,
)
from subjects import objects

OF_EVERY_RECORDING: Final[tuple[JobType, ...]] = ("transcode", "thumbnail", "analyze")
"""Queued when a recording is completed."""


class Desk(Struct, frozen=True):
    """What the handlers have before them."""

    database: asyncpg.Pool
    works: Mapping[JobType, Work]
    stories: Stories
    board: Board
    remains: Remains


class JobRequests:
    """Handlers for an actor to inherit."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @command
    async def queue(self, said: QueueJob, caller: Caller) -> JobView:
        """Leave it for whoever is free."""
        if said.job_type not in self._desk.works:
            raise Invalid(f"There is nobody who could {said.job_type}.")
        await self._refuse_deleted(said.recording_id)
        return self._view(await self._desk.stories.queue(said, caller))

    @command
    async def retry(self, said: RetryJob, caller: Caller) -> JobView:
        """Do what is missing."""
        await self._refuse_deleted(RecordingId(said.job_id.partition("-")[0]))
        return self._view(await self._desk.stories.decide(said, caller))

    @command
    async def cancel(self, said: CancelJob, caller: Caller) -> JobView:
        """Stop it."""
        return self._view(await self._desk.stories.decide(said, caller))

    @query
    async def get(self, said: GetJob, caller: Caller) -> JobView:
        """One, as its events tell it."""
        return self._view(await self._desk.stories.get(said.job_id, caller))

    @query
    async def list_jobs(self, said: ListJobs, caller: Caller) -> JobPage:
        """The workspace's, from the table."""
        return await reading.jobs(self._desk.database, said, caller, self._progress)

    @query
    async def get_metadata(self, said: GetMetadata, caller: Caller) -> VideoMetadata:  # noqa: ARG002
        """What was measured, from the table; the link is the right."""
        return await reading.metadata(self._desk.database, said)

    async def queue_all(self, recording_id: RecordingId, workspace_id: WorkspaceId, meta: Meta) -> None:
        """What is done with every recording, because of an event; once, however often it is asked for."""
        path = objects.prefix(recording_id)
        for job_type in OF_EVERY_RECORDING:
            said = QueueJob(job_id(recording_id, job_type), recording_id, job_type, path, path)
            await self.queue_because(said, workspace_id, meta)

    async def queue_because(self, said: QueueJob, workspace_id: WorkspaceId, meta: Meta) -> None:
        """A job that follows from an event, if its kind of work is done here; once."""
        if said.job_type in self._desk.works:
            because = meta.because(f"queued.{said.job_type}")  # a command id of its own: it is another story
            await self._desk.stories.queue(said, structs.replace(because, workspace_id=workspace_id))

    async def drop_all(self, recording_id: RecordingId) -> None:
        """The recording is deleted. Raises Unavailable, and what nats-py raises."""
        usual = {job_id(recording_id, job_type) for job_type in OF_EVERY_RECORDING}
        for dropped in usual.union(await self._desk.board.opened_of(recording_id)):  # a replica may not show them yet
            await self._desk.stories.drop(dropped)
        await self._desk.board.forget_all(recording_id)

    async def _refuse_deleted(self, recording_id: RecordingId) -> None:
        try:
            if await self._desk.remains.is_deleted(recording_id):
                raise Gone("This recording has been deleted.")
        except (nats.errors.Error, OSError) as error:
            raise Unavailable("The event store does not answer; try again in a moment.") from error

    def _view(self, state: Present) -> JobView:
        return view.of(state, self._progress(state.said.job_id))

    def _progress(self, of: str) -> int:
        job = self._desk.board.job(of)
        return job.progress if job else 0
