"""Which recordings has everybody left? Judged by the log: when did the last part or page of it arrive?"""

from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
import nats.errors
from msgspec import Struct
from nats.aio.client import Client as Nats

from actors.jetstream import direct_get
from actors.jetstream.direct_get import Entry
from actors.recording.projection import SQL
from schemas.ids import RecordingId
from subjects import media, raw
from subjects.streams import MEDIA, RAW

IMPORT_AFTER: Final = timedelta(days=1)


class Abandonment(Struct, frozen=True):
    """`after`: without parts while recording; `idle_after`: paused, or prepared and never begun."""

    nats: Nats
    after: timedelta
    idle_after: timedelta

    async def find(self, database: asyncpg.Pool, now: datetime) -> list[RecordingId]:
        """Those to be ended now; none while the database or NATS is away."""
        try:
            rows = await database.fetch(SQL["list_open"], timeout=5)
            return [RecordingId(row["id"]) for row in rows if await self._is_left(row, now)]
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, nats.errors.Error):
            return []

    async def _is_left(self, row: Any, now: datetime) -> bool:
        if row["recording_type"] == "import":  # who imports it is no source that comes and goes
            return bool(now - row["updated_at"] > IMPORT_AFTER)
        if row["paused"] or row["status"] == "preparing":
            return bool(now - row["updated_at"] > self.idle_after)
        if now - row["updated_at"] <= self.after:
            return False
        logs = ((MEDIA.name, media.parts(row["id"])), (RAW.name, raw.page(row["id"])))
        for stream, subject in logs:
            if self._is_new(await direct_get.last(self.nats, stream, subject), now):
                return False
        for stream, subject in logs:
            if self._is_new(await direct_get.known(self.nats, stream, subject), now):
                return False
        return True

    def _is_new(self, part: Entry | None, now: datetime) -> bool:
        return bool(part and part.stored_at and now - part.stored_at <= self.after)
