"""What may be asked about edits? The commands and queries of the `processing` service that are about them."""

from datetime import UTC, datetime

from nats.aio.client import Client

from actors.processing.edits import history
from actors.processing.edits.history import History
from actors.processing.edits.maker import Maker
from actors.runtime.client import Client as Actors
from actors.runtime.handlers import command, on, query
from actors.sourcing.store import EventStore
from media.edits import edit_list
from media.edits.edit_list import Range
from schemas.envelope import Caller, Meta
from schemas.ids import RecordingId
from schemas.processing import (
    EditChosen,
    EditRecording,
    EditsView,
    GetEdits,
    KeptRange,
    RecordingEdited,
    RedoEdit,
    UndoEdit,
)
from schemas.recording import GetRecording


class EditDesk:
    """What the handlers have before them."""

    def __init__(self, nats: Client, maker: Maker) -> None:
        self.stories: EventStore[History] = EventStore(nats, "processing", History(), history.evolve)
        self.actors = Actors(nats)
        self.maker = maker


class EditRequests:
    """Handlers for an actor to inherit. A deleted recording is refused by whoever knows recordings."""

    def __init__(self, desk: EditDesk) -> None:
        self._edits = desk

    @command
    async def edit_recording(self, said: EditRecording, caller: Caller) -> EditsView:
        """Make a version, then say so, then show it."""
        await self._edits.actors.ask(GetRecording(said.recording_id))
        known = await self._edits.stories.load(said.recording_id)
        if caller.command_id and caller.command_id in known.commands:
            return history.view(known.state, said.recording_id)
        number = known.state.next
        keep = [Range(one.begin_seconds, one.end_seconds) for one in said.keep]
        made = await self._edits.maker.make(said.recording_id, number, keep)
        event = RecordingEdited(
            said.recording_id,
            number,
            known.state.current,
            [KeptRange(one.begin_s, one.end_s) for one in made.keep],
            round(edit_list.duration_s(made.keep), 3),
            datetime.now(UTC),
        )
        state = await self._edits.stories.decide(said.recording_id, caller, lambda state: history.edited(state, event))
        return await self._shown(said.recording_id, state)

    @command
    async def undo_edit(self, said: UndoEdit, caller: Caller) -> EditsView:
        """Back to what the version was based on."""
        now = datetime.now(UTC)
        state = await self._edits.stories.decide(
            said.recording_id, caller, lambda state: history.undone(state, said.recording_id, now)
        )
        return await self._shown(said.recording_id, state)

    @command
    async def redo_edit(self, said: RedoEdit, caller: Caller) -> EditsView:
        """Forth again."""
        now = datetime.now(UTC)
        state = await self._edits.stories.decide(
            said.recording_id, caller, lambda state: history.redone(state, said.recording_id, now)
        )
        return await self._shown(said.recording_id, state)

    @query
    async def get_edits(self, said: GetEdits, caller: Caller) -> EditsView:  # noqa: ARG002
        """All versions."""
        return history.view((await self._edits.stories.load(said.recording_id)).state, said.recording_id)

    @on(RecordingEdited)
    async def was_edited(self, event: RecordingEdited, meta: Meta) -> None:  # noqa: ARG002
        """Who said it may have been killed before it could show it."""
        await self._show_again(event.recording_id)

    @on(EditChosen)
    async def was_chosen(self, event: EditChosen, meta: Meta) -> None:  # noqa: ARG002
        """Likewise."""
        await self._show_again(event.recording_id)

    async def _show_again(self, recording_id: RecordingId) -> None:
        known = await self._edits.stories.load(recording_id)
        if not known.state.gone:
            await self._edits.maker.show(recording_id, known.state.current)

    async def _shown(self, recording_id: RecordingId, state: History) -> EditsView:
        await self._edits.maker.show(recording_id, state.current)
        return history.view(state, recording_id)
