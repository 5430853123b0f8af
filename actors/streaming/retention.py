"""How long does the log keep media, and how is a recording removed? Decided by EVENTS and MEDIA, not by a memory.

What is complete in storage leaves MEDIA some minutes later (viewers may be in the middle of it); a process that was
restarted in between finds the same recordings due. Deleting purges, removes every object and proves it by a listing.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Final

import nats.errors
import obstore
import structlog
from nats.aio.client import Client
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from actors.jetstream import direct_get
from actors.jetstream.media_log import MediaLog
from actors.outside import storage
from actors.streaming.deletions import REMEMBERED_S, Deletions
from schemas.envelope import meta_from_headers
from schemas.errors import Unavailable
from schemas.media import AAC, AUDIO, FINAL
from schemas.message import Event
from schemas.recording import RecordingCompleted, RecordingDeleted, RecordingFailed
from subjects import events, media, objects, raw
from subjects.streams import EVENTS, RAW

AAC_PATIENCE_S: Final = 3600.0
"""So long an AAC rendition that is not whole keeps its Opus in the log."""
AWAY: Final = (OSError, BaseError, nats.errors.Error)

log = structlog.get_logger(__name__)


class Retention:
    """Purges and deletes. Every method may be called again. Raises Unavailable while storage or NATS is away."""

    def __init__(self, client: Client, store: ObjectStore, purge_after_s: float) -> None:
        self._client = client
        self._log = MediaLog(client)
        self._raw = MediaLog(client, RAW)
        self._store = store
        self._purge_after_s = purge_after_s
        self._deletions = Deletions()
        self._has_read = False

    async def delete(self, recording_id: str) -> None:
        """Nothing of it is left, in the log or in storage."""
        try:
            await self._purge(recording_id)
            await storage.delete_all(self._store, objects.prefix(recording_id))
        except AWAY as error:
            raise Unavailable(f"{recording_id} is not removed yet: {error}") from error
        self._deletions.note(recording_id, time.time())
        log.info("deleted", recording=recording_id)

    async def sweep(self, now: float | None = None) -> None:
        """Purge what is due; remove again what came into being while it was being deleted, or later."""
        now = time.time() if now is None else now
        try:
            for subject_recording in await self._in_log():
                await self._sweep_one(subject_recording)
            await self._read_deletions()
            for recording_id in self._deletions.due(now):
                await storage.delete_all(self._store, objects.prefix(recording_id))
                self._deletions.looked(recording_id, now)
        except AWAY as error:
            raise Unavailable(f"Nothing can be purged now: {error}") from error

    async def is_deleted(self, recording_id: str) -> bool:
        """Whether `RecordingDeleted` was said."""
        return await self._age_s(RecordingDeleted, recording_id) is not None

    async def _read_deletions(self) -> None:
        """Those of the last hours, once: another process may have been at it, or this one in an earlier life."""
        if self._has_read:
            return
        since = datetime.now(UTC) - timedelta(seconds=REMEMBERED_S)
        subject, first = events.every(RecordingDeleted), 0
        while page := await direct_get.batch(self._client, EVENTS.name, subject, first, since=None if first else since):
            for entry in page:
                at = meta_from_headers(entry.headers, entry.sequence).time.timestamp()
                self._deletions.note(events.entity_of(entry.subject), at)
            first = page[-1].sequence + 1
        self._has_read = True

    async def _sweep_one(self, recording_id: str) -> None:
        if await self.is_deleted(recording_id):
            await self.delete(recording_id)
        elif await self._is_due(recording_id):
            await self._purge(recording_id)
            log.info("purged from the log", recording=recording_id)

    async def _in_log(self) -> set[str]:
        made = {media.address(subject).recording_id for subject in await self._log.counts(media.every())}
        return made | {raw.address(subject).recording_id for subject in await self._raw.counts(raw.every())}

    async def _purge(self, recording_id: str) -> None:
        await self._raw.purge(raw.recording(recording_id))
        await self._log.purge(media.recording(recording_id))

    async def _is_due(self, recording_id: str) -> bool:
        completed_s = await self._age_s(RecordingCompleted, recording_id)
        if completed_s is None:
            failed_s = await self._age_s(RecordingFailed, recording_id)
            return failed_s is not None and failed_s >= self._purge_after_s
        if completed_s < self._purge_after_s or not await self._is_stored(recording_id):
            return False
        return completed_s >= AAC_PATIENCE_S or not await self._lacks_aac(recording_id)

    async def _is_stored(self, recording_id: str) -> bool:
        try:
            await obstore.head_async(self._store, objects.index(recording_id))
        except FileNotFoundError:
            log.warning("complete without an index, stays in the log", recording=recording_id)
            return False
        return True

    async def _lacks_aac(self, recording_id: str) -> bool:
        if await self._log.last(media.part(recording_id, AUDIO)) is None:
            return False
        aac = await self._log.last(media.part(recording_id, AAC))
        return aac is None or FINAL not in aac.headers

    async def _age_s(self, said: type[Event], recording_id: str) -> float | None:
        """How long ago the event was said; None when it was not."""
        entry = await direct_get.last(self._client, EVENTS.name, events.of(said, recording_id))
        if entry is None:
            return None
        return (datetime.now(UTC) - meta_from_headers(entry.headers, entry.sequence).time).total_seconds()
