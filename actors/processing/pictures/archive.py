"""What lies in storage of a recording that is complete? Its index, its inits, its segments and their first parts."""

from collections.abc import Sequence

import msgspec
import obstore
from obstore.store import ObjectStore

from media.hls import index as indices
from media.hls.index import IndexedSegment, RecordingIndex, RenditionIndex
from schemas.errors import Invalid, Unavailable
from schemas.media import AUDIO, BASE_OFFSET_S, VIDEO
from subjects import objects


class Archive:
    """Reads one recording. Raises what obstore raises while storage is away, FileNotFoundError for what is missing."""

    def __init__(self, store: ObjectStore, recording_id: str, index: RecordingIndex) -> None:
        self._store = store
        self._inits: dict[tuple[str, int], bytes] = {}
        self.recording_id = recording_id
        self.index = index

    @property
    def video(self) -> Sequence[IndexedSegment]:
        """The segments of the picture that there is media for, in order."""
        return self._there(VIDEO)

    @property
    def audio(self) -> Sequence[IndexedSegment]:
        """The segments of the sound as it came."""
        return self._there(AUDIO)

    @property
    def begins_s(self) -> float:
        """Where a player's clock is zero, on the recording's: at the first segment of what leads."""
        first = (self.video or self.audio)[:1]
        return first[0].start_s if first else float(BASE_OFFSET_S)

    @property
    def duration_s(self) -> float:
        """Until the end of what lasts longest."""
        last = [found[-1] for found in (self.video, self.audio) if found]
        return max((one.start_s + one.duration_s for one in last), default=self.begins_s) - self.begins_s

    async def init(self, rendition: str, number: int) -> bytes:
        """An init segment; a recording has few."""
        key = rendition, number
        if key not in self._inits:
            self._inits[key] = await self._read(objects.init(self.recording_id, *key))
        return self._inits[key]

    async def segment(self, rendition: str, segment: IndexedSegment) -> bytes:
        """A whole segment."""
        return await self._read(objects.segment(self.recording_id, rendition, segment.number))

    async def opening(self, segment: IndexedSegment, seconds: float = 0.0) -> bytes:
        """The beginning of a segment of the picture, its first part at least, and as many as last so long."""
        size, lasting = 0, 0.0
        for part in segment.parts:
            if size and lasting >= seconds:
                break
            size, lasting = size + part.size_bytes, lasting + part.duration_s
        path = objects.segment(self.recording_id, VIDEO, segment.number)
        return bytes(await obstore.get_range_async(self._store, path, start=0, length=size))

    def _there(self, rendition: str) -> Sequence[IndexedSegment]:
        found = self.index.renditions.get(rendition, RenditionIndex(rendition))
        return [segment for segment in found.segments if not segment.gap]

    async def _read(self, path: str) -> bytes:
        return bytes(await (await obstore.get_async(self._store, path)).bytes_async())


async def opened(store: ObjectStore, recording_id: str) -> Archive:
    """The recording. Raises: Unavailable while it is not complete in storage, Invalid when its index cannot be read."""
    try:
        found = bytes(await (await obstore.get_async(store, objects.index(recording_id))).bytes_async())
    except FileNotFoundError:
        raise Unavailable(f"{recording_id} is not complete in storage yet.") from None
    try:
        return Archive(store, recording_id, indices.decode(found))
    except msgspec.MsgspecError as error:
        raise Invalid(f"The index of the recording cannot be read: {error}") from error
