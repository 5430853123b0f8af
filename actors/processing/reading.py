"""What do the processing service's tables answer? Jobs, page by page, and metadata."""

from collections.abc import Callable
from typing import Any, Final

import asyncpg
import msgspec
from msgspec import structs

from actors.outside.guard import Guard
from actors.processing.projection import SQL
from actors.sourcing import cursor
from schemas.envelope import Caller
from schemas.errors import NotFound
from schemas.processing import GetMetadata, JobPage, JobView, ListJobs, VideoMetadata

_GUARD: Final = Guard("The database", (OSError, asyncpg.PostgresError, asyncpg.InterfaceError))


async def jobs(database: asyncpg.Pool, query: ListJobs, caller: Caller, progress: Callable[[str], int]) -> JobPage:
    """One page, newest first; `progress` knows of those that are open.

    Raises Invalid for a cursor that is none, Unavailable without PostgreSQL.
    """
    which = (caller.workspace_id, query.recording_id, query.status, *cursor.read(query.cursor))
    rows = await _fetch(database, "list_jobs", *which, query.limit + 1)
    found = [_view(row, progress) for row in rows[: query.limit]]
    return JobPage(found, cursor.write(found[-1].created_at, found[-1].id) if len(rows) > query.limit else "")


async def metadata(database: asyncpg.Pool, query: GetMetadata) -> VideoMetadata:
    """What was measured. Raises NotFound, Unavailable."""
    rows = await _fetch(database, "get_metadata", query.recording_id)
    if not rows:
        raise NotFound("The media of this recording has not been measured.")
    return msgspec.convert(dict(rows[0]), VideoMetadata)


def _view(row: Any, progress: Callable[[str], int]) -> JobView:
    view = msgspec.convert({**dict(row), "settings": msgspec.json.decode(row["settings"])}, JobView)
    return (
        structs.replace(view, progress=max(view.progress, progress(view.id))) if view.status == "processing" else view
    )


async def _fetch(database: asyncpg.Pool, name: str, *arguments: Any) -> list[Any]:
    return list(await _GUARD(lambda: database.fetch(SQL[name], *arguments)))
