"""What do the recording service's tables answer? Lists, page by page."""

from typing import Any, Final

import asyncpg
import msgspec

from actors.outside.guard import Guard
from actors.recording.projection import SQL
from actors.sourcing import cursor
from schemas.envelope import Caller
from schemas.ids import RecordingId
from schemas.recording import (
    EndedRecordings,
    ListEnded,
    ListRecordings,
    RecordingPage,
    RecordingView,
    TemplateList,
    TemplateView,
)

_GUARD: Final = Guard("The database", (OSError, asyncpg.PostgresError, asyncpg.InterfaceError))


async def recordings(database: asyncpg.Pool, query: ListRecordings, caller: Caller) -> RecordingPage:
    """One page, newest first. Raises Invalid for a cursor that is none, Unavailable without PostgreSQL."""
    before = cursor.read(query.cursor)
    rows = await _fetch(database, "list_recordings", caller.workspace_id, caller.user_id, *before, query.limit + 1)
    found = [msgspec.convert(_row(row), RecordingView) for row in rows[: query.limit]]
    return RecordingPage(found, cursor.write(found[-1].created_at, found[-1].id) if len(rows) > query.limit else "")


async def ended(database: asyncpg.Pool, query: ListEnded) -> EndedRecordings:
    """The oldest of a workspace, whoever's they are. Raises Unavailable."""
    rows = await _fetch(database, "list_ended", query.workspace_id, query.before, query.limit)
    return EndedRecordings([RecordingId(row["id"]) for row in rows])


async def templates(database: asyncpg.Pool, caller: Caller) -> TemplateList:
    """All of the caller's. Raises Unavailable."""
    rows = await _fetch(database, "list_templates", caller.workspace_id, caller.user_id)
    return TemplateList([msgspec.convert(_row(row), TemplateView) for row in rows])


async def _fetch(database: asyncpg.Pool, name: str, *arguments: Any) -> list[Any]:
    return list(await _GUARD(lambda: database.fetch(SQL[name], *arguments)))


def _row(row: Any) -> dict[str, Any]:
    return {**dict(row), "settings": msgspec.json.decode(row["settings"])}
