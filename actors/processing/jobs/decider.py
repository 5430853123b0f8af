"""When may a job be queued, started, ended, retried, cancelled? Values in, values out: no clock, no network."""

from datetime import datetime
from typing import Final, Literal, assert_never

from msgspec import Struct

from schemas.errors import Conflict, NotFound
from schemas.processing import (
    CancelJob,
    JobCancelled,
    JobCompleted,
    JobFailed,
    JobProgressed,
    JobQueued,
    JobRetried,
    JobStarted,
    RetryJob,
)

CANCELLED: Final = "It was cancelled."
STEP: Final = 10
"""Percent between two words of progress."""
Event = JobQueued | JobStarted | JobProgressed | JobCompleted | JobFailed | JobRetried | JobCancelled


class Absent(Struct, frozen=True, tag=True):
    """Nobody has asked for it."""


class Queued(Struct, frozen=True, tag=True):
    """It waits for whoever is free; when it was given up before, some of it is done."""

    said: JobQueued
    progress: int = 0


class Processing(Struct, frozen=True, tag=True):
    """It is being worked at."""

    said: JobQueued
    started_at: datetime
    progress: int = 0


class Completed(Struct, frozen=True, tag=True):
    """What it was to make is there."""

    said: JobQueued
    started_at: datetime
    completed_at: datetime


class Failed(Struct, frozen=True, tag=True):
    """It was given up, or cancelled, perhaps before it was started."""

    said: JobQueued
    error_message: str
    started_at: datetime | None
    completed_at: datetime
    progress: int = 0


Present = Queued | Processing | Completed | Failed
State = Absent | Present
Command = RetryJob | CancelJob


def decide(command: Command, state: State, now: datetime) -> list[Event]:
    """What has to be said, or why it may not be. Raises NotFound or Conflict."""
    there = present(state)
    match command:
        case RetryJob():
            return retry(there, now)
        case CancelJob():
            return cancel(there, now)
        case _ as unreachable:
            assert_never(unreachable)


def present(state: State) -> Present:
    """The state of a job that is there. Raises NotFound."""
    if isinstance(state, Absent):
        raise NotFound("There is no such job.")
    return state


def queue(queued: JobQueued, state: State) -> list[Event]:
    """A job is queued once; asked for again, it is the same one, whatever has become of it."""
    return [queued] if isinstance(state, Absent) else []


def retry(state: Present, now: datetime) -> list[Event]:
    """Only what failed is done again."""
    match state:
        case Failed(said=said):
            return [JobRetried(said.job_id, said.recording_id, now)]
        case Queued() | Processing():
            return []
        case Completed():
            raise Conflict("This job has been done; there is nothing to retry.")
        case _ as unreachable:
            assert_never(unreachable)


def cancel(state: Present, now: datetime, reason: Literal["asked", "deleted"] = "asked") -> list[Event]:
    """What has not ended can be cancelled; a second time is the same wish."""
    match state:
        case Queued(said=said) | Processing(said=said):
            return [JobCancelled(said.job_id, said.recording_id, reason, now)]
        case Failed():
            return []
        case Completed():
            raise Conflict("This job has been done and cannot be cancelled.")
        case _ as unreachable:
            assert_never(unreachable)


def start(state: State, now: datetime) -> list[Event]:
    """A worker's word; the first one counts."""
    match state:
        case Queued(said=said):
            return [JobStarted(said.job_id, said.recording_id, now)]
        case _:
            return []


def progress(state: State, percent: int, now: datetime) -> list[Event]:
    """A worker's word; told when it is clearly more than was told before."""
    match state:
        case Processing(said=said, progress=before) if percent >= before + STEP:
            return [JobProgressed(said.job_id, said.recording_id, percent, now)]
        case _:
            return []


def complete(state: State, now: datetime) -> list[Event]:
    """A worker's word; whoever cancelled it meanwhile was first."""
    match state:
        case Queued(said=said) | Processing(said=said):
            return [JobCompleted(said.job_id, said.recording_id, now)]
        case _:
            return []


def fail(state: State, error_message: str, now: datetime) -> list[Event]:
    """A worker's word; what has ended has ended."""
    match state:
        case Queued(said=said) | Processing(said=said):
            return [JobFailed(said.job_id, said.recording_id, error_message, now)]
        case _:
            return []


def evolve(state: State, event: Event) -> State:
    """The state after an event; never refuses, for what has happened has happened."""
    if isinstance(event, JobQueued):
        return Queued(event)
    if isinstance(state, Absent):
        return state
    said = state.said
    started_at = None if isinstance(state, Queued) else state.started_at
    percent = 0 if isinstance(state, Completed) else state.progress
    match event:
        case JobStarted(at=at):
            return Processing(said, at, percent)
        case JobProgressed(progress=percent, at=at):
            return Processing(said, started_at or at, percent)
        case JobCompleted(at=at):
            return Completed(said, started_at or at, at)
        case JobFailed(error_message=why, at=at):
            return Failed(said, why, started_at, at, percent)
        case JobCancelled(at=at):
            return Failed(said, CANCELLED, started_at, at, percent)
        case JobRetried():
            return Queued(said, percent)
        case _ as unreachable:
            assert_never(unreachable)
