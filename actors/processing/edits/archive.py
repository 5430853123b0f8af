"""What is in storage of a complete recording, as far as edits need it: index, tables of samples, bytes."""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec
import obstore.exceptions
from msgspec import Struct
from obstore.store import ObjectStore

from media.hls import index as indices
from media.hls.index import IndexedSegment, RecordingIndex
from media.mp4 import samples
from media.mp4.samples import SegmentSamples
from schemas.errors import Conflict, Unavailable
from schemas.media import AAC, AUDIO, VIDEO
from subjects import objects

AT_ONCE: Final = 8
SOURCES: Final = (VIDEO, AUDIO, AAC)
"""What an edited recording has: the picture as it was sent, both kinds of sound. Rungs are left out."""


class Archived(Struct, frozen=True):
    """One recording, of `SOURCES` only."""

    recording_id: str
    index: RecordingIndex
    tables: dict[str, dict[int, SegmentSamples]]
    timescales: dict[str, int]


class Archive:
    """Reads. Raises: Conflict while a recording is not complete, Unavailable while storage is away."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def recording(self, recording_id: str) -> Archived:
        """All that is known of it."""
        found = await self._read(objects.index(recording_id))
        if found is None:
            raise Conflict("It can be edited once it has been stopped and is complete.")
        index = indices.decode(found)
        there = [name for name in SOURCES if (one := index.renditions.get(name)) and one.inits and one.segments]
        if not there:
            raise Conflict("There is nothing in this recording that could be edited.")
        tables = await asyncio.gather(*(self._tables(recording_id, index, name) for name in there))
        timescales = {name: index.renditions[name].inits[0].headers.timescale for name in there}
        return Archived(recording_id, index, dict(zip(there, tables, strict=True)), timescales)

    async def object(self, path: str) -> bytes:
        """What must be there."""
        found = await self._read(path)
        if found is None:
            raise Unavailable(f"Storage does not have {path}.")
        return found

    async def _tables(self, recording_id: str, index: RecordingIndex, rendition: str) -> dict[int, SegmentSamples]:
        """As they were kept when it was sealed; what is missing there is read from the segments."""
        kept = await self._read(objects.samples(recording_id, rendition))
        found: dict[int, SegmentSamples] = {}
        if kept is not None:
            try:
                found = {one.number: one for one in samples.decode(kept)}
            except msgspec.MsgspecError:
                found = {}
        segments = index.renditions[rendition].segments
        missing = [one for one in segments if not one.gap and one.number not in found]
        for place in range(0, len(missing), AT_ONCE):
            found |= await self._read_back(recording_id, rendition, missing[place : place + AT_ONCE])
        return found

    async def _read_back(
        self, recording_id: str, rendition: str, segments: Sequence[IndexedSegment]
    ) -> dict[int, SegmentSamples]:
        data = await asyncio.gather(
            *(self.object(objects.segment(recording_id, rendition, one.number)) for one in segments)
        )
        try:
            return {
                one.number: samples.read(each, one.number, one.init) for one, each in zip(segments, data, strict=True)
            }
        except ValueError as error:
            raise Conflict(f"A segment of this recording cannot be read: {error}.") from error

    async def _read(self, path: str) -> bytes | None:
        try:
            return bytes(await (await self._store.get_async(path)).bytes_async())
        except (FileNotFoundError, obstore.exceptions.NotFoundError):
            return None
        except (OSError, obstore.exceptions.BaseError) as error:
            raise Unavailable("Storage does not answer; try again in a moment.") from error
