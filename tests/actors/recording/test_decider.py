from datetime import timedelta

import pytest
from hypothesis import given as for_all
from hypothesis import strategies
from msgspec import structs

from actors.recording import decider, view
from actors.recording.decider import Command, Event
from schemas.errors import Conflict, Gone, LoomError, NotFound
from schemas.recording import (
    FailRecording,
    RecordingFailed,
    RecordingStopped,
    RecordingUpdated,
    Status,
    StopRecording,
    UpdateRecording,
)
from tests.actors.recording.said import (
    COMPLETE,
    COMPLETED,
    CONNECT,
    DELETE,
    DELETED,
    EMPTY,
    ID,
    NEVER_BEGUN,
    NOTHING_ARCHIVED,
    PAUSE,
    PAUSED,
    PREPARED,
    RESUME,
    RESUMED,
    START,
    STARTED,
    STOP,
    STOPPED,
)
from tests.given import NOW, given

PREPARING = (PREPARED,)
RECORDING = (PREPARED, STARTED)
HELD = (PREPARED, STARTED, PAUSED)
PROCESSING = (PREPARED, STARTED, STOPPED)
DONE = (PREPARED, STARTED, STOPPED, COMPLETED)
FAILED = (PREPARED, NEVER_BEGUN)
FAIL = FailRecording(ID, "The file is empty.")
COMMANDS = (CONNECT, PAUSE, RESUME, STOP, COMPLETE, FAIL, UpdateRecording(ID, "New"), DELETE)


@pytest.mark.parametrize(
    ("happened", "command", "said"),
    [
        (PREPARING, CONNECT, [STARTED]),
        (PREPARING, FAIL, [RecordingFailed(ID, NOW, "The file is empty.")]),
        (RECORDING, FAIL, [RecordingFailed(ID, NOW, "The file is empty.")]),
        (PROCESSING, FAIL, []),
        (DONE, FAIL, []),
        (FAILED, FAIL, []),
        (RECORDING, CONNECT, []),
        (HELD, CONNECT, []),
        (RECORDING, PAUSE, [PAUSED]),
        (HELD, PAUSE, []),
        (HELD, RESUME, [RESUMED]),
        (RECORDING, RESUME, []),
        (PREPARING, STOP, [NEVER_BEGUN]),
        (RECORDING, STOP, [STOPPED]),
        (HELD, STOP, [STOPPED]),
        (PROCESSING, STOP, []),
        (DONE, STOP, []),
        (FAILED, STOP, []),
        (PROCESSING, COMPLETE, [COMPLETED]),
        (PROCESSING, NOTHING_ARCHIVED, [EMPTY]),
        (DONE, COMPLETE, []),
        (FAILED, COMPLETE, []),
        *[(state, DELETE, [DELETED]) for state in (PREPARING, RECORDING, HELD, PROCESSING, DONE, FAILED)],
    ],
)
def test_what_is_said(happened: tuple[Event, ...], command: Command, said: list[Event]) -> None:
    given(*happened).when(command).then(*said)


@pytest.mark.parametrize(
    ("happened", "command", "why"),
    [
        (PREPARING, PAUSE, "nothing to pause"),
        (PREPARING, RESUME, "nothing to resume"),
        (PREPARING, COMPLETE, "not been stopped"),
        (RECORDING, COMPLETE, "not been stopped"),
        (HELD, COMPLETE, "not been stopped"),
        *[(state, CONNECT, "has ended") for state in (PROCESSING, DONE, FAILED)],
        *[(state, PAUSE, "cannot be paused") for state in (PROCESSING, DONE, FAILED)],
        *[(state, RESUME, "cannot be resumed") for state in (PROCESSING, DONE, FAILED)],
    ],
)
def test_what_may_not_be(happened: tuple[Event, ...], command: Command, why: str) -> None:
    given(*happened).when(command).refuses(Conflict, why)


def test_a_recording_is_prepared_once() -> None:
    given(prepared=PREPARED).when(START).then(PREPARED)


def test_the_same_start_again_is_the_same_wish() -> None:
    later = structs.replace(PREPARED, at=NOW + timedelta(seconds=2))
    given(PREPARED, prepared=later).when(START).then()


def test_another_start_of_the_same_recording_is_refused() -> None:
    other = structs.replace(PREPARED, title="Another")
    given(PREPARED, prepared=other).when(START).refuses(Conflict, "already")


@pytest.mark.parametrize("happened", [RECORDING, HELD, PROCESSING, DONE, FAILED])
def test_what_has_begun_cannot_be_started(happened: tuple[Event, ...]) -> None:
    given(*happened, prepared=PREPARED).when(START).refuses(Conflict, "already")


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_can_be_done_with_what_never_was(command: Command) -> None:
    given().when(command).refuses(NotFound, "no such recording")


@pytest.mark.parametrize("command", [START, *COMMANDS])
def test_nothing_can_be_done_with_what_was_deleted(command: Command) -> None:
    given(*DONE, DELETED, prepared=PREPARED).when(command).refuses(Gone, "deleted")


def test_an_abandoned_recording_says_so() -> None:
    given(*RECORDING).when(StopRecording(ID, "abandoned")).then(RecordingStopped(ID, NOW, "abandoned"))


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (UpdateRecording(ID, "New"), [RecordingUpdated(ID, "New", "", NOW)]),
        (UpdateRecording(ID, description="Why"), [RecordingUpdated(ID, "Demo", "Why", NOW)]),
        (UpdateRecording(ID, "Demo", ""), []),
        (UpdateRecording(ID), []),
    ],
)
@pytest.mark.parametrize("happened", [PREPARING, RECORDING, HELD, PROCESSING, DONE, FAILED])
def test_words_can_be_changed_at_any_time(
    happened: tuple[Event, ...], command: UpdateRecording, said: list[Event]
) -> None:
    given(*happened).when(command).then(*said)


def test_new_words_change_nothing_else() -> None:
    before = view.of(decider.present(given(*DONE).state))
    after = view.of(decider.present(given(*DONE, RecordingUpdated(ID, "New", "Why", NOW)).state))
    assert after == structs.replace(before, title="New", description="Why")


@pytest.mark.parametrize(
    ("happened", "status"),
    [
        (PREPARING, Status.PREPARING),
        (RECORDING, Status.RECORDING),
        (HELD, Status.PAUSED),
        ((*HELD, RESUMED), Status.RECORDING),
        (PROCESSING, Status.PROCESSING),
        (DONE, Status.COMPLETED),
        (FAILED, Status.FAILED),
    ],
)
def test_how_it_looks(happened: tuple[Event, ...], status: Status) -> None:
    assert view.of(decider.present(given(*happened).state)).status is status


def test_a_failed_recording_tells_why() -> None:
    seen = view.of(decider.present(given(PREPARED, RecordingFailed(ID, NOW, "The file is empty.")).state))
    assert seen.failure_reason == "The file is empty."


def test_a_completed_recording_tells_its_length_and_size() -> None:
    seen = view.of(decider.present(given(*DONE).state))
    assert (seen.started_at, seen.ended_at, seen.duration_seconds, seen.file_size_bytes) == (NOW, NOW, 4.0, 1000)


@for_all(strategies.lists(strategies.sampled_from([START, *COMMANDS, NOTHING_ARCHIVED]), max_size=20))
def test_whatever_is_wished_the_story_makes_sense(commands: list[Command]) -> None:
    """Told again from its events, a recording is where the decisions led; asking twice says nothing new."""
    state: decider.State = decider.Absent()
    story: list[Event] = []
    for command in commands:
        try:
            said = decider.decide(command, state, PREPARED, NOW)
        except LoomError:
            continue
        for event in said:
            story.append(event)
            state = decider.evolve(state, event)
        if not isinstance(state, decider.Deleted) and not isinstance(command, UpdateRecording):
            assert _again(command, state) == []
    assert given(*story).state == state


def _again(command: Command, state: decider.State) -> list[Event]:
    try:
        return decider.decide(command, state, PREPARED, NOW)
    except Conflict:  # a start of what has begun since
        return []
