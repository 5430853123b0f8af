"""What may be asked about recordings made of others: two of one, one of several."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from msgspec import structs
from nats.aio.client import Client
from obstore.store import ObjectStore

from actors.processing.edits import history
from actors.processing.edits.archive import Archive
from actors.processing.edits.composer import Composer, Source
from actors.processing.edits.history import History
from actors.processing.edits.maker import Maker
from actors.runtime.client import Client as Actors
from actors.runtime.handlers import command
from actors.sourcing.store import EventStore
from media.edits import edit_list
from media.edits.edit_list import Range
from media.edits.plan import duration_s
from schemas.envelope import Caller
from schemas.errors import Invalid, LoomError
from schemas.ids import RecordingId
from schemas.processing import ComposedRecordings, RecordingComposed, SplitRecording, StitchRecordings
from schemas.recording import (
    ConnectSource,
    FailRecording,
    GetRecording,
    RecordingType,
    RecordingView,
    StartRecording,
    StopRecording,
)


class CompositionDesk:
    """What the handlers have before them."""

    def __init__(self, nats: Client, store: ObjectStore, maker: Maker) -> None:
        self.stories: EventStore[History] = EventStore(nats, "processing", History(), history.evolve)
        self.actors = Actors(nats)
        self.archive = Archive(store)
        self.composer = Composer(store, maker)


class CompositionRequests:
    """Handlers for an actor to inherit."""

    def __init__(self, desk: CompositionDesk) -> None:
        self._composing = desk

    @command
    async def split_recording(self, said: SplitRecording, caller: Caller) -> ComposedRecordings:
        """Both sides of a moment, as viewers see it."""
        view = await self._composing.actors.ask(GetRecording(said.recording_id))
        shown = history.shown((await self._composing.stories.load(said.recording_id)).state)
        found = await self._composing.archive.recording(said.recording_id)
        whole = (Range(0, duration_s(found.index, found.timescales, found.tables)),)
        sides = edit_list.split(shown or whole, said.at_seconds)
        if not all(edit_list.duration_s(side) >= edit_list.SHORTEST_S for side in sides):
            raise Invalid(f"There is nothing on one side of {said.at_seconds:g} s.")
        made = (said.first_id, said.second_id)
        for number, (new_id, keep) in enumerate(zip(made, sides, strict=True), 1):
            title = f"{view.title[:190]} ({number})"
            await self._compose(new_id, [view], [Source(said.recording_id, keep)], title, caller)
        return ComposedRecordings(list(made))

    @command
    async def stitch_recordings(self, said: StitchRecordings, caller: Caller) -> ComposedRecordings:
        """One behind the other."""
        views = [await self._composing.actors.ask(GetRecording(part)) for part in said.parts]
        stories = [await self._composing.stories.load(part) for part in said.parts]
        sources = [Source(part, history.shown(known.state)) for part, known in zip(said.parts, stories, strict=True)]
        await self._compose(said.recording_id, views, sources, said.title or views[0].title, caller)
        return ComposedRecordings([said.recording_id])

    async def _compose(
        self,
        new_id: RecordingId,
        views: Sequence[RecordingView],
        sources: Sequence[Source],
        title: str,
        caller: Caller,
    ) -> None:
        """A new recording: prepared, filled, stopped. Asked again with the same id, it is there already."""
        desk = self._composing
        if not (await desk.stories.load(new_id)).state.composed:
            await desk.actors.ask(
                StartRecording(new_id, title, views[0].description, _kind(views[0])), _as(caller, new_id, "start")
            )
            await desk.actors.ask(ConnectSource(new_id), _as(caller, new_id, "connect"))
            try:
                await desk.composer.compose(new_id, sources)
            except (LoomError, ValueError) as error:
                with suppress(LoomError):
                    await desk.actors.ask(FailRecording(new_id, str(error)[:1000]))
                raise error if isinstance(error, LoomError) else Invalid(str(error)) from error
            said = RecordingComposed(new_id, [view.id for view in views], datetime.now(UTC))
            await desk.stories.decide(new_id, _as(caller, new_id, "composed"), lambda _: [said])
        await desk.actors.ask(StopRecording(new_id), _as(caller, new_id, "stop"))


def _kind(view: RecordingView) -> RecordingType:
    """An import would wait for its file."""
    return "screen" if view.recording_type == "import" else view.recording_type


def _as(caller: Caller, new_id: str, step: str) -> Caller:
    """Each step once, in the name of who asked for all of them."""
    return structs.replace(caller, command_id=f"{caller.command_id}-{new_id}-{step}" if caller.command_id else "")
