"""Which rows do the recording service's events make? Each event writes its own; position and rows commit together."""

from pathlib import Path
from typing import Any, Final

import msgspec

from actors.runtime.sql import queries
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


async def apply(connection: Any, event: Event, _sequence: int) -> None:  # noqa: C901  one case an event
    """Write the rows of one event."""
    run = connection.execute
    match event:
        case RecordingPrepared(recording_id=i, at=at):
            words = (event.user_id, event.workspace_id, event.title, event.description, event.recording_type)
            await run(SQL["insert_recording"], i, *words, _json(event.settings), at)
        case RecordingStarted(recording_id=i, at=at):
            await run(SQL["set_started"], i, at)
            await run(SQL["open_stretch"], i, at)
        case RecordingPaused(recording_id=i, at=at):
            await run(SQL["set_paused"], i, True, at)  # noqa: FBT003
            await run(SQL["close_stretch"], i, at)
        case RecordingResumed(recording_id=i, at=at):
            await run(SQL["set_paused"], i, False, at)  # noqa: FBT003
            await run(SQL["open_stretch"], i, at)
        case RecordingStopped(recording_id=i, at=at):
            await run(SQL["set_stopped"], i, at)
            await run(SQL["close_stretch"], i, at)
        case RecordingFailed(recording_id=i, at=at):
            await run(SQL["set_failed"], i, at)
        case RecordingCompleted():
            await _completed(connection, event)
        case RecordingUpdated(recording_id=i, title=title, description=description, at=at):
            await run(SQL["set_words"], i, title, description, at)
        case RecordingDeleted(recording_id=i):
            await run(SQL["delete_recording"], i)
        case TemplateSaved():
            await _template(connection, event)


async def _completed(connection: Any, event: RecordingCompleted) -> None:
    """The measured stretches take the place of those told by the clock."""
    i = event.recording_id
    await connection.execute(SQL["set_completed"], i, event.duration_seconds, event.file_size_bytes, event.at)
    await connection.execute(SQL["delete_stretches"], i)
    for s in event.stretches:
        await connection.execute(
            SQL["insert_stretch"], i, s.number, s.started_at, s.ended_at, s.duration_seconds, s.file_path
        )


async def _template(connection: Any, event: TemplateSaved) -> None:
    if event.is_default:
        await connection.execute(SQL["demote_templates"], event.user_id, LOCAL_WORKSPACE, event.template_id)
    words = (event.name, event.description, _json(event.settings), event.is_default, event.at)
    await connection.execute(SQL["upsert_template"], event.template_id, event.user_id, LOCAL_WORKSPACE, *words)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
