"""Where do a recording's bytes lie? In memory, in the log, in storage: likely places are asked first."""

import asyncio
from typing import Final

import obstore.exceptions
from nats.aio.client import Client as Nats
from nats.js.errors import NotFoundError
from obstore.store import ObjectStore

from actors.jetstream.follower import AWAY
from gateways.edge.payloads import Payloads
from gateways.edge.window import Window
from media.hls.index import IndexedSegment
from schemas.errors import Unavailable
from subjects import media, objects
from subjects.streams import MEDIA

CHECK_S: Final = 1.0
_PROBE: Final = "health"
"""Nothing is there; that it is told so is enough."""


class Sources:
    """Reads inits, parts, segments and pictures, each once for all who ask.

    Every read gives None for what is nowhere. Raises: Unavailable when a place where it may be does not answer.
    """

    def __init__(self, nats: Nats, store: ObjectStore, payloads: Payloads) -> None:
        self._nats = nats
        self._store = store
        self.payloads = payloads

    async def init(self, window: Window, rendition: str, number: int) -> bytes | None:
        """An init segment."""
        known = window.index.renditions.get(rendition)
        found = known.init(number) if known else None
        if found is None:
            return None
        path = objects.init(window.recording_id, rendition, number)
        subject = media.init(window.recording_id, rendition)

        async def read() -> bytes | None:
            found_in_log = None if window.is_stored(rendition) else await self._from_log(subject, found.sequence)
            return found_in_log if found_in_log is not None else await self.from_store(path)

        return await self.payloads.fetch((window.recording_id, found.sequence), read)

    def held_part(self, window: Window, segment: IndexedSegment, number: int) -> bytes | None:
        """A part, if it is in memory."""
        return self.payloads.get((window.recording_id, segment.parts[number].sequence))

    async def part(self, window: Window, rendition: str, segment: IndexedSegment, number: int) -> bytes | None:
        """A part of a segment."""
        part = segment.parts[number]

        async def read() -> bytes | None:
            if not window.is_stored(rendition):
                subject = media.part(window.recording_id, rendition)
                if (data := await self._from_log(subject, part.sequence)) is not None:
                    return data
            path = objects.segment(window.recording_id, rendition, segment.number)
            whole = await self.payloads.fetch(path, lambda: self.from_store(path))
            start = sum(before.size_bytes for before in segment.parts[:number])
            return whole[start : start + part.size_bytes] if whole else None

        return await self.payloads.fetch((window.recording_id, part.sequence), read)

    async def segment(self, window: Window, rendition: str, segment: IndexedSegment) -> bytes | None:
        """A whole segment: its parts in memory, else the object, else the log."""
        held = [self.held_part(window, segment, number) for number in range(len(segment.parts))]
        if all(data is not None for data in held):
            return b"".join(data for data in held if data is not None)
        path = objects.segment(window.recording_id, rendition, segment.number)

        async def read() -> bytes | None:
            stored = await self._from_store_if_it_answers(path)
            if stored is not None and len(stored) == segment.size_bytes:
                return stored
            if window.is_stored(rendition):
                return stored or await self.from_store(path)
            parts = [await self.part(window, rendition, segment, n) for n in range(len(segment.parts))]
            return b"".join(data for data in parts if data) if all(parts) else None

        return await self.payloads.fetch((path, len(segment.parts)), read)

    async def fresh(self, path: str, seconds: float, version: str = "") -> bytes | None:
        """An object that may be replaced, read at most so long ago, for this `version` of it."""
        moment = asyncio.get_running_loop().time() // seconds
        return await self.payloads.fetch((path, moment, version), lambda: self.from_store(path))

    async def check(self) -> str:
        """Why storage cannot be read, or `ok`; within a second."""
        try:
            async with asyncio.timeout(CHECK_S):
                await self.from_store(_PROBE)
        except TimeoutError:
            return "does not answer"
        except Unavailable as error:
            return str(error)
        return "ok"

    async def from_store(self, path: str) -> bytes | None:
        """An object."""
        try:
            return bytes(await (await self._store.get_async(path)).bytes_async())
        except (FileNotFoundError, obstore.exceptions.NotFoundError):
            return None
        except (OSError, obstore.exceptions.BaseError) as error:
            raise Unavailable("Storage does not answer; try again in a moment.") from error

    async def _from_store_if_it_answers(self, path: str) -> bytes | None:
        try:
            return await self.from_store(path)
        except Unavailable:
            return None

    async def _from_log(self, subject: str, sequence: int) -> bytes | None:
        """None when it was purged, or when that sequence is now another's: the stream was made anew."""
        try:
            found = await self._nats.jetstream().get_msg(MEDIA.name, sequence, direct=True)
        except NotFoundError:
            return None
        except AWAY as error:
            raise Unavailable("The media log does not answer; try again in a moment.") from error
        return found.data if found.subject == subject else None
