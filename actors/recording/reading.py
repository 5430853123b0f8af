"""What do the recording service's tables answer? Lists, page by page."""

import base64
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg
import msgspec

from actors.outside.guard import Guard
from actors.recording.projection import SQL
from schemas.envelope import Caller
from schemas.errors import Invalid
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

_NEWEST: Final = (datetime(9999, 1, 1, tzinfo=UTC), "~")
_GUARD: Final = Guard("The database", (OSError, asyncpg.PostgresError, asyncpg.InterfaceError))


async def recordings(database: asyncpg.Pool, query: ListRecordings, caller: Caller) -> RecordingPage:
    """One page, newest first. Raises Invalid for a cursor that is none, Unavailable without PostgreSQL."""
    before = _read_cursor(query.cursor) if query.cursor else _NEWEST
    rows = await _fetch(database, "list_recordings", caller.workspace_id, caller.user_id, *before, query.limit + 1)
    found = [msgspec.convert(_row(row), RecordingView) for row in rows[: query.limit]]
    return RecordingPage(found, _cursor(found[-1]) if len(rows) > query.limit else "")


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


def _cursor(last: RecordingView) -> str:
    return base64.urlsafe_b64encode(f"{last.created_at.isoformat()} {last.id}".encode()).decode().rstrip("=")


def _read_cursor(text: str) -> tuple[datetime, str]:
    try:
        moment, _, last_id = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(" ")
        return datetime.fromisoformat(moment), last_id
    except ValueError:
        raise Invalid("The cursor is not one of ours; begin again without it.") from None
