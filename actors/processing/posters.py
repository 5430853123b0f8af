"""Which picture stands for a recording? The one with most to see among the first key frames; at once, then better.

The first key frame is shown within moments of the start, so that the library has a picture while it is live; a later
one takes its place when it has clearly more in it (the window was black at first). At the end a recording that still
has none, or a flat one, gets the best of a few key frames from all over it.
"""

import asyncio
from contextlib import aclosing
from typing import Final

import nats.errors
import obstore
import structlog
from nats.aio.client import Client
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from actors.jetstream import direct_get
from actors.jetstream.direct_get import Entry
from actors.jetstream.media_log import MediaLog
from actors.outside import storage
from actors.outside.limits import Limits
from actors.outside.sandbox import Sandbox, Spoiled
from actors.processing.pictures.key_frames import KeyFrames
from media.pictures.poster import FLAT, Picture, poster
from schemas.errors import Unavailable
from schemas.media import VIDEO
from schemas.recording import RecordingDeleted
from subjects import events, media, objects
from subjects.streams import EVENTS

FIRST_FRAME_S: Final = 60.0
LOOK_S: Final = 10.0
BETTER: Final = 1.25
SAMPLES: Final = 6
LIMITS: Final = Limits(seconds=10.0, cpu_seconds=10)
AWAY: Final = (OSError, BaseError, nats.errors.Error)
UNREADABLE: Final = (Spoiled, Unavailable, KeyError)

log = structlog.get_logger(__name__)


class Posters:
    """Makes posters. Every method may be called again for the same recording: the result is at least as good.

    Raises: what `AWAY` names while storage or NATS is away.
    """

    def __init__(self, client: Client, store: ObjectStore, sandbox: Sandbox) -> None:
        self._client = client
        self._log = MediaLog(client)
        self._store = store
        self._sandbox = sandbox

    async def watch(self, recording_id: str, look_s: float = LOOK_S) -> None:
        """Look at a recording that has just begun, until `look_s` after its first picture."""
        best: Picture | None = None
        try:
            async with (
                asyncio.timeout(FIRST_FRAME_S) as limit,
                aclosing(self._log.follow(media.part(recording_id, VIDEO))) as parts,
            ):
                async for entry in parts:
                    if not _is_key_frame(entry):
                        continue
                    first = best is None
                    best = await self._better(recording_id, entry, best)
                    if first and best:
                        limit.reschedule(asyncio.get_running_loop().time() + look_s)
        except TimeoutError:
            log.debug("looked enough", recording=recording_id, found=best is not None)

    async def settle(self, recording_id: str) -> None:
        """At the end: a picture where there is none worth showing."""
        if await self._is_good(recording_id):
            return
        entries = await self._log.entries(recording_id)
        parts = [e for e in entries if e.subject == media.part(recording_id, VIDEO) and _is_key_frame(e)]
        best: Picture | None = None
        for entry in parts[:: max(len(parts) // SAMPLES, 1)]:
            best = await self._better(recording_id, entry, best)

    async def wanting(self) -> list[str]:
        """Recordings in the log without a picture worth showing."""
        seen = {media.address(subject).recording_id for subject in await self._log.counts(media.every(VIDEO, "part"))}
        return [recording_id for recording_id in sorted(seen) if not await self._is_good(recording_id)]

    async def delete(self, recording_id: str) -> None:
        """The recording is deleted."""
        await storage.delete(self._store, [objects.poster(recording_id)])

    async def _better(self, recording_id: str, entry: Entry, best: Picture | None) -> Picture | None:
        """Keep the picture of this part if it is the first or clearly has more in it than the best so far."""
        try:
            picture = await self._picture(recording_id, entry)
        except UNREADABLE as error:
            log.warning("no picture in this part", recording=recording_id, sequence=entry.sequence, error=repr(error))
            return best
        if picture is None or (best is not None and picture.detail < best.detail * BETTER):
            return best
        await self._put(recording_id, picture)
        return picture

    async def _picture(self, recording_id: str, entry: Entry) -> Picture | None:
        """Decode it, where it can do no harm."""
        track = await KeyFrames(self._log, recording_id).track(entry)
        return await self._sandbox.run(poster, *track, limits=LIMITS) if track else None

    async def _put(self, recording_id: str, picture: Picture) -> None:
        if await direct_get.last(self._client, EVENTS.name, events.of(RecordingDeleted, recording_id)):
            return
        await storage.put(self._store, objects.poster(recording_id), picture.jpeg)
        log.info("poster", recording=recording_id, detail=round(picture.detail, 2), size_bytes=len(picture.jpeg))

    async def _is_good(self, recording_id: str) -> bool:
        """Whether there is a poster that is not of one colour."""
        try:
            found = await obstore.head_async(self._store, objects.poster(recording_id))
        except FileNotFoundError:
            return False
        return found["size"] * 8 > FLAT * 640 * 360


def _is_key_frame(entry: Entry) -> bool:
    return entry.headers.get("Loom-Independent") == "1"
