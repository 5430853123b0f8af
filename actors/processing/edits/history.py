"""Which versions of a recording are there, and which is shown? Values in, values out; undone is never lost."""

from datetime import datetime

from msgspec import Struct, structs

from media.edits.edit_list import Range
from schemas.errors import Conflict, Gone
from schemas.ids import RecordingId
from schemas.message import Event
from schemas.processing import (
    EditChosen,
    EditsView,
    EditVersion,
    RecordingComposed,
    RecordingEdited,
    RecordingForgotten,
)


class History(Struct, frozen=True):
    """What was said of one recording's edits."""

    versions: tuple[RecordingEdited, ...] = ()
    current: int = 0
    gone: bool = False
    composed: bool = False

    @property
    def next(self) -> int:
        """The number of the version that comes next."""
        return len(self.versions) + 1

    @property
    def before(self) -> int | None:
        """What undoing leads to; None when nothing is edited."""
        return self.versions[self.current - 1].based_on if self.current else None

    @property
    def after(self) -> int | None:
        """What redoing leads to; None when nothing was undone."""
        based = [one.edit_version for one in self.versions if one.based_on == self.current]
        return max(based, default=None)


def evolve(history: History, event: Event) -> History:
    """Take what was said; other events of the service are no edits."""
    if isinstance(event, RecordingEdited):
        return History((*history.versions, event), event.edit_version)
    if isinstance(event, EditChosen):
        return structs.replace(history, current=event.edit_version)
    if isinstance(event, RecordingComposed):
        return structs.replace(history, composed=True)
    if isinstance(event, RecordingForgotten):
        return History(gone=True)
    return history


def shown(history: History) -> tuple[Range, ...] | None:
    """What viewers see of the recording; None: all of it."""
    if not history.current:
        return None
    return tuple(Range(one.begin_seconds, one.end_seconds) for one in history.versions[history.current - 1].keep)


def edited(history: History, made: RecordingEdited) -> list[Event]:
    """A version that was made. Raises Conflict when somebody else made one of that number first."""
    if history.gone:
        raise Gone("This recording has been deleted.")
    if made.edit_version != history.next:
        raise Conflict("Somebody else has edited this recording at the same moment; look at it and try again.")
    return [structs.replace(made, based_on=history.current)]


def undone(history: History, recording_id: RecordingId, at: datetime) -> list[Event]:
    """Raises Conflict when there is nothing to be undone."""
    if history.before is None:
        raise Conflict("There is nothing to undo.")
    return [EditChosen(recording_id, history.before, at)]


def redone(history: History, recording_id: RecordingId, at: datetime) -> list[Event]:
    """Raises Conflict when there is nothing to be done again."""
    if history.after is None:
        raise Conflict("There is nothing to redo.")
    return [EditChosen(recording_id, history.after, at)]


def view(history: History, recording_id: RecordingId) -> EditsView:
    """As people see it."""
    versions = [
        EditVersion(one.edit_version, one.based_on, one.keep, one.duration_seconds, one.at) for one in history.versions
    ]
    can_undo, can_redo = history.before is not None, history.after is not None
    return EditsView(recording_id, history.current, versions, can_undo, can_redo)
