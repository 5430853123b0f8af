"""Versions follow from what was said; undo and redo walk over them and lose none."""

from datetime import UTC, datetime
from functools import reduce

import pytest

from actors.processing.edits import history
from actors.processing.edits.history import History
from schemas.errors import Conflict, Gone
from schemas.ids import RecordingId
from schemas.message import Event
from schemas.processing import EditChosen, KeptRange, PosterMade, RecordingEdited, RecordingForgotten

ID = RecordingId("0123456789abcdefghijkl")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def version(number: int) -> RecordingEdited:
    return RecordingEdited(ID, number, 0, [KeptRange(0.0, float(number))], float(number), NOW)


def told(*said: Event) -> History:
    return reduce(history.evolve, said, History())


class Story:
    def __init__(self) -> None:
        self.state = History()

    def __call__(self, said: list[Event]) -> int:
        self.state = reduce(history.evolve, said, self.state)
        return self.state.current

    def edit(self) -> int:
        return self(history.edited(self.state, version(self.state.next)))

    def undo(self) -> int:
        return self(history.undone(self.state, ID, NOW))

    def redo(self) -> int:
        return self(history.redone(self.state, ID, NOW))


def test_undo_goes_all_the_way_back_and_redo_all_the_way_forth() -> None:
    story = Story()
    assert [story.edit(), story.edit(), story.edit()] == [1, 2, 3]
    assert [story.undo(), story.undo(), story.undo()] == [2, 1, 0]
    with pytest.raises(Conflict, match="nothing to undo"):
        story.undo()
    assert [story.redo(), story.redo(), story.redo()] == [1, 2, 3]
    with pytest.raises(Conflict, match="nothing to redo"):
        story.redo()


def test_an_edit_behind_an_undo_keeps_what_was_undone() -> None:
    story = Story()
    story.edit(), story.edit(), story.undo()
    assert story.edit() == 3
    assert story.undo() == 1
    assert story.redo() == 3
    view = history.view(story.state, ID)
    assert [(one.version, one.based_on) for one in view.versions] == [(1, 0), (2, 1), (3, 1)]
    assert (view.current, view.can_undo, view.can_redo) == (3, True, False)


def test_two_at_the_same_moment_are_not_both_believed() -> None:
    with pytest.raises(Conflict, match="same moment"):
        history.edited(told(version(1)), version(1))


def test_a_deleted_recording_is_not_edited() -> None:
    with pytest.raises(Gone):
        history.edited(told(version(1), RecordingForgotten(ID, NOW)), version(1))


def test_what_else_the_service_says_is_no_edit() -> None:
    assert told(PosterMade(ID, NOW)) == History()
    assert told(version(1), EditChosen(ID, 0, NOW)).current == 0
