"""The `recording` service: commands become events, events become rows; what nobody sends to any more is ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import structlog
from nats.aio.client import Client as Nats
from prometheus_client import Histogram

from actors.jetstream.space_heard import SpaceHeard
from actors.jetstream.tasks import ended
from actors.recording import decider, reading, view
from actors.recording.abandonment import Abandonment
from actors.recording.projection import PROJECTION
from actors.recording.saga import FinishingActor
from actors.runtime import actor as runtime
from actors.runtime import tracing
from actors.runtime.actor import Actor
from actors.runtime.handlers import command, every, query
from actors.sourcing.projection import keep_up
from actors.sourcing.snapshots import Snapshots
from actors.sourcing.store import EventStore
from schemas.envelope import Caller
from schemas.errors import Full, LoomError
from schemas.recording import (
    CompleteRecording,
    ConnectSource,
    DeleteRecording,
    EndedRecordings,
    FailRecording,
    GetRecording,
    ListEnded,
    ListRecordings,
    ListTemplates,
    PauseRecording,
    RecordingCompleted,
    RecordingPage,
    RecordingPrepared,
    RecordingView,
    ResumeRecording,
    SaveTemplate,
    StartRecording,
    StopRecording,
    TemplateList,
    TemplateSaved,
    TemplateView,
    UpdateRecording,
)

SWEEP_S: Final = 2.0
DURATION: Final = Histogram(
    "recording_duration_seconds",
    "How long completed recordings are, without pauses.",
    buckets=(1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400),
)
log = structlog.get_logger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class RecordingActor(Actor, service="recording"):
    """Recordings: started, connected, paused, stopped, completed, changed, deleted; and templates for them."""

    def __init__(
        self, nats: Nats, database: asyncpg.Pool, abandonment: Abandonment, space: SpaceHeard | None = None
    ) -> None:
        self._database = database
        self._space = space or SpaceHeard()
        self._abandonment = abandonment
        snapshots = Snapshots(nats, decider.State, decider.evolve)
        self._recordings: EventStore[Any] = EventStore(nats, "recording", decider.Absent(), decider.evolve, snapshots)
        self._templates: EventStore[Any] = EventStore(nats, "recording", None, lambda _, event: event)

    @command
    async def start(self, said: StartRecording, caller: Caller) -> RecordingView:
        """Prepare a recording, where there is room for one."""
        self._need_room("low", "full")
        now = _now()
        title = said.title.strip() or f"Recording of {now:%d %B %Y, %H:%M}"
        words = (title, said.description, said.recording_type, said.settings)
        prepared = RecordingPrepared(said.recording_id, caller.user_id, caller.workspace_id, *words, now)
        return await self._decide(said, caller, prepared)

    @command
    async def connect(self, said: ConnectSource, caller: Caller) -> RecordingView:
        """A source is about to send; one that goes on may do so for longer than a new one may begin."""
        self._need_room("full")
        return await self._decide(said, caller)

    @command
    async def pause(self, said: PauseRecording, caller: Caller) -> RecordingView:
        """Drop what arrives."""
        return await self._decide(said, caller)

    @command
    async def resume(self, said: ResumeRecording, caller: Caller) -> RecordingView:
        """Take what arrives again."""
        return await self._decide(said, caller)

    @command
    async def stop(self, said: StopRecording, caller: Caller) -> RecordingView:
        """End it."""
        return await self._decide(said, caller)

    @command
    async def complete(self, said: CompleteRecording, caller: Caller) -> RecordingView:
        """It is in storage."""
        return await self._decide(said, caller)

    @command
    async def fail(self, said: FailRecording, caller: Caller) -> RecordingView:
        """Give it up."""
        return await self._decide(said, caller)

    @command
    async def update(self, said: UpdateRecording, caller: Caller) -> RecordingView:
        """Change its words."""
        return await self._decide(said, caller)

    @command
    async def delete(self, said: DeleteRecording, caller: Caller) -> RecordingView:
        """Remove it; the answer is how it last looked."""
        return await self._decide(said, caller)

    @query
    async def get(self, said: GetRecording, caller: Caller) -> RecordingView:  # noqa: ARG002  the link is the right
        """One, as its events tell it."""
        known = await self._recordings.load(said.recording_id)
        return view.of(decider.present(known.state))

    @query
    async def list_recordings(self, said: ListRecordings, caller: Caller) -> RecordingPage:
        """The caller's, from the table."""
        return await reading.recordings(self._database, said, caller)

    @query
    async def list_ended(self, said: ListEnded, caller: Caller) -> EndedRecordings:  # noqa: ARG002  a workspace's
        """What a workspace could part with, from the table."""
        return await reading.ended(self._database, said)

    @command
    async def save_template(self, said: SaveTemplate, caller: Caller) -> TemplateView:
        """Keep settings under a name."""
        words = (said.name, said.description, said.settings, said.is_default)
        event = TemplateSaved(said.template_id, caller.user_id, *words, _now())
        await self._templates.decide(said.template_id, caller, lambda _: [event])
        return TemplateView(said.template_id, caller.user_id, *words)

    @query
    async def list_templates(self, said: ListTemplates, caller: Caller) -> TemplateList:  # noqa: ARG002
        """The caller's, from the table."""
        return await reading.templates(self._database, caller)

    @every(seconds=SWEEP_S)
    async def close_abandoned(self) -> None:
        """Nobody sends any more: end it, so that it is there to be watched."""
        for recording_id in await self._abandonment.find(self._database, _now()):
            log.info("abandoned", recording=recording_id)
            try:
                await self._decide(StopRecording(recording_id, "abandoned"), Caller(trace=tracing.of(recording_id)))
            except LoomError as error:  # deleted meanwhile, say; those behind it are ended all the same
                log.warning("not ended", recording=recording_id, why=str(error))

    def _need_room(self, *levels: str) -> None:
        """Raises Full."""
        told = self._space.worst()
        if told and told.level in levels:
            raise Full(told.says)

    async def _decide(
        self, said: decider.Command, caller: Caller, prepared: RecordingPrepared | None = None
    ) -> RecordingView:
        chosen: list[Any] = []

        def choose(state: decider.State) -> list[Any]:
            chosen[:] = decider.decide(said, state, prepared, _now())
            return chosen

        state = await self._recordings.decide(said.recording_id, caller, choose)
        for event in chosen:
            if isinstance(event, RecordingCompleted):
                DURATION.observe(event.duration_seconds)
        return view.of(state.last if isinstance(state, decider.Deleted) else state)


@asynccontextmanager
async def running(
    nats: Nats, database: asyncpg.Pool, *, abandon_after_s: float = 60.0, abandon_idle_after_s: float = 3600.0
) -> AsyncIterator[None]:
    """The service, its projection and its saga, while the block runs; the caller closes `nats` and `database` then."""
    abandonment = Abandonment(nats, timedelta(seconds=abandon_after_s), timedelta(seconds=abandon_idle_after_s))
    space = SpaceHeard()
    async with asyncio.TaskGroup() as owner:
        listening = await space.follow(nats)
        projecting = owner.create_task(keep_up(nats, database, PROJECTION))
        try:
            async with (
                runtime.running(nats, RecordingActor(nats, database, abandonment, space)),
                runtime.running(nats, FinishingActor(nats)),
            ):
                yield
        finally:
            await ended([projecting])
            await listening.unsubscribe()
