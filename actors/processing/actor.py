"""What the `processing` service does when: AAC and H.264 follow the logs, posters and jobs follow the events."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import asyncpg
import nats.errors
import structlog
from nats.aio.client import Client
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from actors.jetstream.tasks import ended
from actors.outside.sandbox import CODECS, Sandbox
from actors.processing import aac_follower, fallback_follower
from actors.processing.edits.compositions import CompositionDesk, CompositionRequests
from actors.processing.edits.maker import Maker
from actors.processing.edits.requests import EditDesk, EditRequests
from actors.processing.importing.actor import ImportingActor
from actors.processing.importing.importer import Importer
from actors.processing.jobs.claims import Claims
from actors.processing.jobs.queue import QueueActor
from actors.processing.jobs.remains import Remains
from actors.processing.jobs.requests import Desk, JobRequests
from actors.processing.jobs.stories import Stories
from actors.processing.jobs.worker import Worker
from actors.processing.ladder.live_rungs import LiveRungs, Policy
from actors.processing.pictures.live_thumbnails import LiveThumbnails
from actors.processing.pictures.version_pictures import version_pictures
from actors.processing.posters import Posters
from actors.processing.projection import PROJECTION
from actors.processing.works import Tools, works
from actors.runtime import actor as runtime
from actors.runtime.actor import Actor
from actors.runtime.client import Client as Asker
from actors.runtime.handlers import job, on
from actors.sourcing.projection import keep_up
from actors.sourcing.store import EventStore
from media.transcode.encoder import X264
from schemas.envelope import Meta
from schemas.errors import Gone, Unavailable
from schemas.ids import new_id
from schemas.media import RUNGS
from schemas.processing import MakePoster, PosterMade, RecordingEdited, RecordingForgotten
from schemas.recording import GetRecording, RecordingCompleted, RecordingDeleted, RecordingStarted

AWAY: Final = (OSError, BaseError, nats.errors.Error)

TRANSCODING: Final = ("media.transcode.segment", "media.transcode.live_rung")
"""Loaded once: a child is made for every segment."""

log = structlog.get_logger(__name__)


class ProcessingActor(JobRequests, EditRequests, CompositionRequests, Actor, service="processing"):
    """Makes what needs a codec: posters here, AAC and jobs in workers of their own."""

    def __init__(
        self,
        nats: Client,
        posters: Posters,
        desk: Desk,
        edits: EditDesk,
        composing: CompositionDesk,
        tasks: asyncio.TaskGroup,
    ) -> None:
        JobRequests.__init__(self, desk)
        EditRequests.__init__(self, edits)
        CompositionRequests.__init__(self, composing)
        self._ask = Asker(nats).ask
        self._stories: EventStore[None] = EventStore(nats, "processing", None, lambda state, _: state)
        self._posters = posters
        self._tasks = tasks
        self._watching: dict[str, asyncio.Task[None]] = {}

    @on(RecordingStarted)
    async def started(self, event: RecordingStarted, meta: Meta) -> None:  # noqa: ARG002
        """A picture while it is live. Not awaited: other events of this recording must not wait for it."""
        if event.recording_id not in self._watching:
            self._watching[event.recording_id] = self._tasks.create_task(self._watch(event.recording_id))

    @on(RecordingCompleted)
    async def completed(self, event: RecordingCompleted, meta: Meta) -> None:
        """All of it lies in storage: what can be made of it is left to whoever is free."""
        try:
            recording = await self._ask(GetRecording(event.recording_id))
        except Gone:
            return
        await self.queue_all(event.recording_id, recording.workspace_id, meta)

    @on(RecordingEdited)
    async def was_edited(self, event: RecordingEdited, meta: Meta) -> None:
        """Its pictures are to show what is kept, and nothing else."""
        await super().was_edited(event, meta)
        try:
            recording = await self._ask(GetRecording(event.recording_id))
        except Gone:
            return
        await self.queue_because(version_pictures(event), recording.workspace_id, meta)

    @job(MakePoster)
    async def make_poster(self, work: MakePoster, meta: Meta) -> None:
        """A picture, if there is still none worth showing (this process may have been dead at the start)."""
        try:
            await self._posters.settle(work.recording_id)
        except AWAY as error:
            raise Unavailable(f"No picture of {work.recording_id} for now: {error}") from error
        made = PosterMade(work.recording_id, datetime.now(UTC))
        await self._stories.decide(work.recording_id, meta.because("made"), lambda _: [made])

    @on(RecordingDeleted)
    async def deleted(self, event: RecordingDeleted, meta: Meta) -> None:
        """No picture of it comes after this, and nothing of any job."""
        watching = self._watching.get(event.recording_id)
        if watching:
            watching.cancel()
            await asyncio.wait([watching])
        try:
            await self._posters.delete(event.recording_id)
            await self.drop_all(event.recording_id)
        except AWAY as error:
            raise Unavailable(f"What was made of {event.recording_id} is still there: {error}") from error
        forgotten = RecordingForgotten(event.recording_id, datetime.now(UTC))
        await self._stories.decide(event.recording_id, meta.because("forgotten"), lambda _: [forgotten])

    async def _watch(self, recording_id: str) -> None:
        try:
            await self._posters.watch(recording_id)
        except AWAY as error:
            log.warning("no picture while live", recording=recording_id, error=repr(error))
        finally:
            del self._watching[recording_id]

    async def catch_up(self) -> None:
        """Pictures of what was being recorded while no process was there to see its start."""
        try:
            for recording_id in await self._posters.wanting():
                await self._posters.settle(recording_id)
        except AWAY as error:
            log.warning("no pictures for now", error=repr(error))

    def stop(self) -> None:
        """Watch nothing any more."""
        for watching in self._watching.values():
            watching.cancel()


@asynccontextmanager
async def running(
    nats: Client,
    store: ObjectStore,
    database: asyncpg.Pool,
    *,
    slots: int = 1,
    scratch: Path | None = None,
    part_s: float = 1 / 3,
    segment_s: float = 2.0,
    live_rung: Policy = "off",
    rungs: Sequence[str] = RUNGS,
    video_encoder: str = X264,
) -> AsyncIterator[ProcessingActor]:
    """The service, while the block runs. What is under way at its end is done again by whoever comes next.

    `slots`: how many steps of jobs it does at a time. Any number of processes may run it. The caller closes `nats` and
    `database`.
    """
    stories, remains = Stories(nats), Remains(nats, store)
    async with Sandbox((*CODECS, *TRANSCODING)) as sandbox, asyncio.TaskGroup() as tasks:
        kinds = works(Tools(nats, store, sandbox, rungs, video_encoder))
        claims = Claims(nats, new_id()[:8])
        worker = Worker(nats, kinds, stories, claims, remains, slots)
        desk = Desk(database, kinds, stories, worker.board, remains)
        maker = Maker(store, sandbox)
        actor = ProcessingActor(
            nats, Posters(nats, store, sandbox), desk, EditDesk(nats, maker), CompositionDesk(nats, store, maker), tasks
        )
        followers = (aac_follower.worker(nats, sandbox), fallback_follower.worker(nats, sandbox))
        live = LiveThumbnails(nats, store, sandbox, claims)
        live_rungs = LiveRungs(nats, sandbox, claims, live_rung, video_encoder)
        lasting = (*(one.run() for one in (*followers, live, live_rungs, worker)), keep_up(nats, database, PROJECTION))
        importer = Importer(nats, store, sandbox, scratch=scratch, part_s=part_s, segment_s=segment_s)
        working = [tasks.create_task(work) for work in (*lasting, actor.catch_up())]
        try:
            async with (
                runtime.running(nats, actor),
                runtime.running(nats, QueueActor(nats, stories, worker.board, remains)),
                runtime.running(nats, ImportingActor(nats, importer)),
            ):
                yield actor
        finally:
            actor.stop()
            await ended(working)
