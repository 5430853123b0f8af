"""What the `processing` service does when: AAC follows the log, posters follow the events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

import nats.errors
import structlog
from nats.aio.client import Client
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from actors.jetstream.tasks import ended
from actors.outside.sandbox import Sandbox
from actors.processing.aac_worker import AacWorker
from actors.processing.posters import Posters
from actors.runtime import actor as runtime
from actors.runtime.actor import Actor
from actors.runtime.handlers import job, on
from actors.sourcing.store import EventStore
from schemas.envelope import Meta
from schemas.errors import Unavailable
from schemas.processing import MakePoster, PosterMade
from schemas.recording import RecordingDeleted, RecordingStarted

AWAY: Final = (OSError, BaseError, nats.errors.Error)

log = structlog.get_logger(__name__)


class ProcessingActor(Actor, service="processing"):
    """Makes what needs a codec: posters here, AAC in a worker of its own."""

    def __init__(self, nats: Client, posters: Posters, tasks: asyncio.TaskGroup) -> None:
        self._stories: EventStore[None] = EventStore(nats, "processing", None, lambda state, _: state)
        self._posters = posters
        self._tasks = tasks
        self._watching: dict[str, asyncio.Task[None]] = {}

    @on(RecordingStarted)
    async def started(self, event: RecordingStarted, meta: Meta) -> None:  # noqa: ARG002
        """A picture while it is live. Not awaited: other events of this recording must not wait for it."""
        if event.recording_id not in self._watching:
            self._watching[event.recording_id] = self._tasks.create_task(self._watch(event.recording_id))

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
    async def deleted(self, event: RecordingDeleted, meta: Meta) -> None:  # noqa: ARG002
        """No picture of it comes after this."""
        watching = self._watching.get(event.recording_id)
        if watching:
            watching.cancel()
            await asyncio.wait([watching])
        try:
            await self._posters.delete(event.recording_id)
        except AWAY as error:
            raise Unavailable(f"The picture of {event.recording_id} is still there: {error}") from error

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
async def running(nats: Client, store: ObjectStore) -> AsyncIterator[ProcessingActor]:
    """The service, while the block runs. What is under way at its end is done again by whoever comes next.

    Any number of processes may run it. The caller closes `nats`.
    """
    async with Sandbox() as sandbox, asyncio.TaskGroup() as tasks:
        actor = ProcessingActor(nats, Posters(nats, store, sandbox), tasks)
        working = [tasks.create_task(AacWorker(nats, sandbox).run()), tasks.create_task(actor.catch_up())]
        try:
            async with runtime.running(nats, actor):
                yield actor
        finally:
            actor.stop()
            await ended(working)
