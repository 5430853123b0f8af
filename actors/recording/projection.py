"""Which rows do the recording service's events make? Each event writes its own; position and rows commit together."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from actors.sourcing.projection import Projection, Statement
from actors.sourcing.sql import queries
from schemas.ids import LOCAL_WORKSPACE
from schemas.message import Event
from schemas.recording import (
    RecordingCompleted,
    RecordingDeleted,
    RecordingFailed,
    RecordingPaused,
    RecordingPrepared,
    RecordingResumed,
    RecordingStarted,
    RecordingStopped,
    RecordingUpdated,
    TemplateSaved,
)

SQL: Final = queries(Path(__file__).with_name("queries.sql"))


def rows(event: Event) -> Iterator[Statement]:  # noqa: C901  one case an event
    """The statements of one event."""
    match event:
        case RecordingPrepared(recording_id=i, at=at):
            words = (event.user_id, event.workspace_id, event.title, event.description, event.recording_type)
            yield SQL["insert_recording"], (i, *words, _json(event.settings), at)
        case RecordingStarted(recording_id=i, at=at):
            yield SQL["set_started"], (i, at)
            yield SQL["open_stretch"], (i, at)
        case RecordingPaused(recording_id=i, at=at):
            yield SQL["set_paused"], (i, True, at)
            yield SQL["close_stretch"], (i, at)
        case RecordingResumed(recording_id=i, at=at):
            yield SQL["set_paused"], (i, False, at)
            yield SQL["open_stretch"], (i, at)
        case RecordingStopped(recording_id=i, at=at):
            yield SQL["set_stopped"], (i, at)
            yield SQL["close_stretch"], (i, at)
        case RecordingFailed(recording_id=i, at=at, reason=reason):
            yield SQL["set_failed"], (i, at, reason)
        case RecordingCompleted():
            yield from _completed(event)
        case RecordingUpdated(recording_id=i, title=title, description=description, at=at):
            yield SQL["set_words"], (i, title, description, at)
        case RecordingDeleted(recording_id=i):
            yield SQL["delete_recording"], (i,)
        case TemplateSaved():
            yield from _template(event)


def _completed(event: RecordingCompleted) -> Iterator[Statement]:
    """The measured stretches take the place of those told by the clock."""
    i = event.recording_id
    yield SQL["set_completed"], (i, event.duration_seconds, event.file_size_bytes, event.at)
    yield SQL["delete_stretches"], (i,)
    for s in event.stretches:
        yield SQL["insert_stretch"], (i, s.number, s.started_at, s.ended_at, s.duration_seconds, s.file_path)


def _template(event: TemplateSaved) -> Iterator[Statement]:
    if event.is_default:
        yield SQL["demote_templates"], (event.user_id, LOCAL_WORKSPACE, event.template_id)
    words = (event.name, event.description, _json(event.settings), event.is_default, event.at)
    yield SQL["upsert_template"], (event.template_id, event.user_id, LOCAL_WORKSPACE, *words)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def key(event: Event) -> str:
    """Recordings are independent of each other, templates of one user are not: one is the default."""
    return event.user_id if isinstance(event, TemplateSaved) else event.recording_id  # type: ignore[attr-defined]


TABLES: Final = ("recording_sessions", "recording_segments", "recording_templates")
PROJECTION: Final = Projection("recording", TABLES, rows, key)
