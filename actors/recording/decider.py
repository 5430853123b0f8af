"""When may a recording start, pause, stop, change and go? Values in, values out: no clock, no network."""

from datetime import datetime
from typing import assert_never

from msgspec import Struct, structs

from schemas.errors import Conflict, Gone, NotFound
from schemas.ids import RecordingId
from schemas.recording import (
    CompleteRecording,
    ConnectSource,
    DeleteRecording,
    FailRecording,
    PauseRecording,
    RecordingCompleted,
    RecordingDeleted,
    RecordingFailed,
    RecordingPaused,
    RecordingPrepared,
    RecordingResumed,
    RecordingStarted,
    RecordingStopped,
    RecordingUpdated,
    ResumeRecording,
    StartRecording,
    StopRecording,
    Stretch,
    UpdateRecording,
)

Command = (
    StartRecording
    | ConnectSource
    | PauseRecording
    | ResumeRecording
    | StopRecording
    | CompleteRecording
    | FailRecording
    | UpdateRecording
    | DeleteRecording
)
Event = (
    RecordingPrepared
    | RecordingStarted
    | RecordingPaused
    | RecordingResumed
    | RecordingStopped
    | RecordingCompleted
    | RecordingFailed
    | RecordingUpdated
    | RecordingDeleted
)


class Absent(Struct, frozen=True, tag=True):
    """Nothing has happened yet."""


class Preparing(Struct, frozen=True, tag=True):
    """The link exists; no source has connected."""

    said: RecordingPrepared
    updated_at: datetime


class Recording(Struct, frozen=True, tag=True):
    """Parts arrive."""

    said: RecordingPrepared
    updated_at: datetime
    started_at: datetime


class Paused(Struct, frozen=True, tag=True):
    """What arrives is dropped."""

    said: RecordingPrepared
    updated_at: datetime
    started_at: datetime


class Processing(Struct, frozen=True, tag=True):
    """No part will follow; what there is goes to storage."""

    said: RecordingPrepared
    updated_at: datetime
    started_at: datetime
    ended_at: datetime


class Completed(Struct, frozen=True, tag=True):
    """All of it is in storage."""

    said: RecordingPrepared
    updated_at: datetime
    started_at: datetime
    ended_at: datetime
    duration_seconds: float
    file_size_bytes: int
    stretches: list[Stretch]


class Failed(Struct, frozen=True, tag=True):
    """It ended without a part."""

    said: RecordingPrepared
    updated_at: datetime
    ended_at: datetime
    reason: str = ""


Present = Preparing | Recording | Paused | Processing | Completed | Failed


class Deleted(Struct, frozen=True, tag=True):
    """It was there and is no more; `last` is how it looked then."""

    last: Present


Live = Recording | Paused
State = Absent | Present | Deleted


def decide(command: Command, state: State, prepared: RecordingPrepared | None, now: datetime) -> list[Event]:
    """What has to be said, or why it may not be; `prepared` is what a StartRecording leads to.

    Raises: NotFound, Gone or Conflict.
    """
    if isinstance(command, StartRecording):
        return start(prepared, state)
    there = present(state)
    match command:
        case ConnectSource():
            return connect(command.recording_id, there, now)
        case PauseRecording():
            return pause(command.recording_id, there, now)
        case ResumeRecording():
            return resume(command.recording_id, there, now)
        case StopRecording():
            return stop(command, there, now)
        case CompleteRecording():
            return complete(command, there, now)
        case FailRecording():
            return fail(command, there, now)
        case UpdateRecording():
            return update(command, there, now)
        case DeleteRecording():
            return [RecordingDeleted(command.recording_id, now)]
        case _ as unreachable:
            assert_never(unreachable)


def present(state: State) -> Present:
    """The state of a recording that is there. Raises NotFound or Gone."""
    match state:
        case Absent():
            raise NotFound("There is no such recording.")
        case Deleted():
            raise Gone("This recording has been deleted.")
        case _:
            return state


def start(prepared: RecordingPrepared | None, state: State) -> list[Event]:
    """A recording is prepared once; the same wish again is no error."""
    match state:
        case Absent() if prepared:
            return [prepared]
        case Deleted():
            raise Gone("This recording has been deleted.")
        case Preparing(said=said) if prepared and structs.replace(prepared, at=said.at) == said:
            return []
        case _:
            raise Conflict("This recording has already been started.")


def connect(recording_id: RecordingId, state: Present, now: datetime) -> list[Event]:
    """The first source starts the clock; a further one goes on in the same recording."""
    match state:
        case Preparing():
            return [RecordingStarted(recording_id, now)]
        case Recording() | Paused():
            return []
        case Processing() | Completed() | Failed():
            raise Conflict("This recording has ended; start a new one.")
        case _ as unreachable:
            assert_never(unreachable)


def pause(recording_id: RecordingId, state: Present, now: datetime) -> list[Event]:
    """Only what runs can pause; a second pause is the same wish."""
    match state:
        case Recording():
            return [RecordingPaused(recording_id, now)]
        case Paused():
            return []
        case Preparing():
            raise Conflict("Nothing is being recorded yet, so there is nothing to pause.")
        case Processing() | Completed() | Failed():
            raise Conflict("This recording has ended and cannot be paused.")
        case _ as unreachable:
            assert_never(unreachable)


def resume(recording_id: RecordingId, state: Present, now: datetime) -> list[Event]:
    """Only what is paused can go on; what runs already does."""
    match state:
        case Paused():
            return [RecordingResumed(recording_id, now)]
        case Recording():
            return []
        case Preparing():
            raise Conflict("Nothing is being recorded yet, so there is nothing to resume.")
        case Processing() | Completed() | Failed():
            raise Conflict("This recording has ended and cannot be resumed.")
        case _ as unreachable:
            assert_never(unreachable)


def stop(command: StopRecording, state: Present, now: datetime) -> list[Event]:
    """A second stop is the same wish, not an error; stopped before it began, a recording has failed."""
    match state:
        case Recording() | Paused():
            return [RecordingStopped(command.recording_id, now, command.reason)]
        case Preparing():
            return [RecordingFailed(command.recording_id, now, "It was stopped before anything was recorded.")]
        case Processing() | Completed() | Failed():
            return []
        case _ as unreachable:
            assert_never(unreachable)


def complete(command: CompleteRecording, state: Present, now: datetime) -> list[Event]:
    """The archiver's word; nothing archived means that nothing was recorded."""
    match state:
        case Processing() if not command.stretches:
            return [RecordingFailed(command.recording_id, now, "It ended without a single part.")]
        case Processing():
            return [
                RecordingCompleted(
                    command.recording_id, now, command.duration_seconds, command.file_size_bytes, command.stretches
                )
            ]
        case Completed() | Failed():
            return []
        case Preparing() | Recording() | Paused():
            raise Conflict("This recording has not been stopped yet.")
        case _ as unreachable:
            assert_never(unreachable)


def fail(command: FailRecording, state: Present, now: datetime) -> list[Event]:
    """Given up before there was anything to watch; what has ended stays as it is."""
    match state:
        case Preparing() | Recording() | Paused():
            return [RecordingFailed(command.recording_id, now, command.reason)]
        case Processing() | Completed() | Failed():
            return []
        case _ as unreachable:
            assert_never(unreachable)


def update(command: UpdateRecording, state: Present, now: datetime) -> list[Event]:
    """New words for the same recording; the same words say nothing new."""
    said = state.said
    title = said.title if command.title is None else command.title
    description = said.description if command.description is None else command.description
    if (title, description) == (said.title, said.description):
        return []
    return [RecordingUpdated(command.recording_id, title, description, now)]


def evolve(state: State, event: Event) -> State:  # noqa: C901
    """The state after an event; never refuses, for what has happened has happened."""
    if isinstance(event, RecordingPrepared):
        return Preparing(event, event.at)
    if isinstance(state, Absent | Deleted):
        return state
    said = state.said
    started_at = said.at if isinstance(state, Preparing | Failed) else state.started_at
    match event:
        case RecordingStarted(at=at):
            return Recording(said, at, at)
        case RecordingPaused(at=at):
            return Paused(said, at, started_at)
        case RecordingResumed(at=at):
            return Recording(said, at, started_at)
        case RecordingStopped(at=at):
            return Processing(said, at, started_at, at)
        case RecordingCompleted(at=at):
            ended_at = state.ended_at if isinstance(state, Processing | Completed | Failed) else at
            return Completed(
                said, at, started_at, ended_at, event.duration_seconds, event.file_size_bytes, event.stretches
            )
        case RecordingFailed(at=at, reason=reason):
            return Failed(said, at, at, reason)
        case RecordingUpdated(title=title, description=description, at=at):
            return structs.replace(
                state, said=structs.replace(said, title=title, description=description), updated_at=at
            )
        case RecordingDeleted():
            return Deleted(state)
        case _ as unreachable:
            assert_never(unreachable)
