"""How does the scrub bar of a live recording have thumbnails? A worker follows its key frames, one each four seconds.

Everything follows from the log: a worker that takes over makes the same sheets from the first key frame on. A sheet
that is not full yet is stored again and again, rarer the fuller it is; so is the file that says what it shows. One
worker at a time is at a recording (`Claims`); who dies is followed by who looks next.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Final

import nats.errors
import structlog
from nats.aio.client import Client
from nats.js.errors import APIError
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from actors.jetstream import direct_get
from actors.jetstream.direct_get import Entry
from actors.jetstream.media_log import MediaLog
from actors.outside.limits import Limits
from actors.outside.sandbox import Sandbox, Spoiled
from actors.processing.jobs.claims import Claims, Taken
from actors.processing.pictures import album
from actors.processing.pictures.album import Filed
from actors.processing.pictures.key_frames import KeyFrames
from actors.processing.pictures.series import Series, Shot
from media.pictures.sprite import PER_SHEET, Thumbnail, thumbnails
from schemas.errors import Unavailable
from schemas.media import VIDEO, part_from_headers
from schemas.message import Event
from schemas.recording import RecordingCompleted, RecordingDeleted
from subjects import events, media, work
from subjects.streams import EVENTS

LOOK_S: Final = 5.0
"""How often it is looked for recordings that nobody is at."""
JOB: Final = "live"
STEP: Final = "thumbnails"
LIMITS: Final = Limits(seconds=30.0, cpu_seconds=30)
AWAY: Final = (OSError, BaseError, nats.errors.Error, APIError, Unavailable)

log = structlog.get_logger(__name__)


class LiveThumbnails:
    """Follows recordings that are being recorded. `run` until cancelled."""

    def __init__(self, client: Client, store: ObjectStore, sandbox: Sandbox, claims: Claims) -> None:
        self._client = client
        self._log = MediaLog(client)
        self._store = store
        self._sandbox = sandbox
        self._claims = claims
        self._following: dict[str, asyncio.Task[None]] = {}
        self._ended: set[str] = set()

    async def run(self) -> None:
        """Be at every live recording that nobody else is at."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    await self._look(tasks)
                except AWAY as error:
                    log.warning("cannot look for live recordings", error=repr(error))
                await asyncio.sleep(LOOK_S)

    def statistics(self) -> dict[str, int]:
        """How many recordings are being followed here."""
        return {"recordings": len(self._following)}

    async def _look(self, tasks: asyncio.TaskGroup) -> None:
        there = {media.address(subject).recording_id for subject in await self._log.counts(media.every(VIDEO, "part"))}
        for recording_id in self._following.keys() - there:  # deleted
            self._following[recording_id].cancel()
        self._ended &= there
        if waiting := sorted(there - self._ended - self._following.keys()):
            taken = await self._claims.taken()
            for recording_id in waiting:
                await self._take(recording_id, taken, tasks)

    async def _take(self, recording_id: str, taken: Taken, tasks: asyncio.TaskGroup) -> None:
        key = work.Key(f"{recording_id}-{JOB}", STEP)
        if key in taken.steps:
            return
        if await self._is_over(recording_id):
            self._ended.add(recording_id)
        elif (revision := await self._claims.take(key, taken)) is not None:
            self._following[recording_id] = tasks.create_task(self._at(recording_id, key, revision))

    async def _at(self, recording_id: str, key: work.Key, revision: int) -> None:
        """As long as the claim is ours; when it is lost, this task is cancelled."""
        try:
            async with self._claims.kept(key, revision):
                await self._follow(recording_id)
        except AWAY as error:
            log.warning("no thumbnails for now", recording=recording_id, error=repr(error))
        finally:
            del self._following[recording_id]

    async def _follow(self, recording_id: str) -> None:
        """From its first part to its end."""
        pictures, series, sheets = KeyFrames(self._log, recording_id), Series(album.LIVE), dict[int, Filed]()
        async with aclosing(self._log.follow(media.recording(recording_id))) as entries:
            async for entry in entries:
                address = media.address(entry.subject)
                if address.kind == "end":
                    break
                if (address.rendition, address.kind) == (VIDEO, "part"):
                    _see(series, entry)
                    if series.is_ripe() and not await self._make(recording_id, pictures, series, sheets):
                        return
        await self._make(recording_id, pictures, series, sheets)

    async def _make(self, recording_id: str, pictures: KeyFrames, series: Series, sheets: dict[int, Filed]) -> bool:
        """What waits, and how long it all lasts. False when the recording is no longer ours to write to."""
        made = await self._decoded(pictures, series.take())
        for over in (RecordingDeleted, RecordingCompleted):
            if await self._was_said(over, recording_id):
                return False
        for at_s, small in made:
            series.add(at_s, small)
            if len(series.sheet.shots) == PER_SHEET or at_s == made[-1][0]:
                number, shots = series.sheet
                sheets[number] = await album.file_sheet(self._store, recording_id, number, shots)
        if sheets:
            await album.file_cues(self._store, recording_id, list(sheets.values()), series.end_s)
        return True

    async def _decoded(self, pictures: KeyFrames, shots: Sequence[Shot]) -> list[tuple[float, Thumbnail]]:
        """Those that can be."""
        there = [(at_s, track) for at_s, entry in shots if (track := await pictures.track(entry))]
        if not there:
            return []
        try:
            small = await self._sandbox.run(thumbnails, [track for _, track in there], limits=LIMITS)
        except Spoiled as error:
            log.warning("no thumbnails of these parts", at_s=there[0][0], error=str(error))
            return []
        return [(at_s, one) for (at_s, _), one in zip(there, small, strict=True) if one]

    async def _is_over(self, recording_id: str) -> bool:
        return await self._log.last(media.end(recording_id)) is not None or await self._was_said(
            RecordingDeleted, recording_id
        )

    async def _was_said(self, event: type[Event], recording_id: str) -> bool:
        return await direct_get.last(self._client, EVENTS.name, events.of(event, recording_id)) is not None


def _see(series: Series, entry: Entry) -> None:
    try:
        series.see(part_from_headers(entry.headers), entry)
    except (KeyError, ValueError) as error:
        log.warning("a part of the log cannot be read", sequence=entry.sequence, error=repr(error))
