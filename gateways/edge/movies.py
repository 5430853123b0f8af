"""What is a recording as one file? The head that is made for it, and the stored objects behind that."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Final

import msgspec
import structlog
from msgspec import Struct

from gateways.edge.edits import Edits
from gateways.edge.sources import Sources
from media.edits.version import ORIGINAL, Version
from media.hls import index as indices
from media.hls.index import IndexedSegment, RecordingIndex, RenditionIndex
from media.mp4 import description, movie, samples
from media.mp4.description import Description
from media.mp4.layout import Piece, Span, lay_out
from media.mp4.samples import SegmentSamples
from schemas.errors import Conflict, NotFound, Unavailable
from schemas.media import AAC, AUDIO, VIDEO
from subjects import objects

KEPT: Final = 16
KEPT_S: Final = 10.0
"""Somebody who seeks asks many times in a moment."""
AT_ONCE: Final = 8

log = structlog.get_logger(__name__)


class Movie(Struct, frozen=True):
    """A file that nobody has written; `etag` with its quotes."""

    head: bytes
    spans: list[Span]
    size_bytes: int
    etag: str


class Movies:
    """Makes them from what storage has, and keeps the newest for a moment."""

    def __init__(self, sources: Sources, edits: Edits) -> None:
        self._sources = sources
        self._edits = edits
        self._kept: OrderedDict[tuple[str, int, bool], tuple[float, Movie]] = OrderedDict()

    async def movie(self, recording_id: str, *, sound_only: bool) -> Movie:
        """The recording as a file.

        Raises: Conflict while it is not complete in storage, NotFound when there is nothing of that kind in it,
        Unavailable when storage is away.
        """
        now = asyncio.get_running_loop().time()
        version = await self._edits.current(recording_id)
        key = recording_id, version, sound_only
        made, found = self._kept.get(key, (0.0, None))
        if found is None or now - made > KEPT_S:
            found = await self._make(recording_id, version, sound_only=sound_only)
            self._kept[key] = now, found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    async def _make(self, recording_id: str, shown: int, *, sound_only: bool) -> Movie:
        index = await self._index(recording_id)
        version = await self._edits.version(recording_id, shown) if shown != ORIGINAL else None
        chosen = _chosen(version.index if version else index, sound_only=sound_only)
        if not chosen:
            raise NotFound("There is no sound in this recording." if sound_only else "Nothing was recorded.")
        tables = [await self._tables(recording_id, index.renditions[one.name]) for one in chosen]
        if version is None:
            rows = [_row(recording_id, *one) for one in zip(chosen, tables, strict=True)]
        else:
            own = [await self._own_tables(recording_id, version.number, one.name) for one in chosen]
            rows = [_edited_row(recording_id, version, *one) for one in zip(chosen, tables, own, strict=True)]
        inits = await self._inits(piece.init for row in rows for piece in row)
        return await asyncio.to_thread(_movie, rows, inits, sound_only)

    async def _index(self, recording_id: str) -> RecordingIndex:
        found = await self._sources.from_store(objects.index(recording_id))
        if found is None:
            raise Conflict("It can be downloaded once it has been stopped and is complete.")
        return indices.decode(found)

    async def _inits(self, paths: Iterable[str]) -> dict[str, Description]:
        found = {}
        for path in dict.fromkeys(paths):
            if (data := await self._sources.from_store(path)) is None:
                raise Unavailable("Storage does not have all of it; try again in a moment.")
            found[path] = description.read(data)
        return found

    async def _own_tables(self, recording_id: str, version: int, rendition: str) -> dict[int, SegmentSamples]:
        """Of the pieces that were made for a version."""
        data = await self._sources.from_store(objects.edit_samples(recording_id, version, rendition))
        return {one.number: one for one in samples.decode(data)} if data else {}

    async def _tables(self, recording_id: str, rendition: RenditionIndex) -> dict[int, SegmentSamples]:
        """As they were kept when it was sealed; what is not among them is read from the segments themselves."""
        kept = await self._sources.from_store(objects.samples(recording_id, rendition.name))
        found: dict[int, SegmentSamples] = {}
        if kept is not None:
            try:
                found = {one.number: one for one in await asyncio.to_thread(samples.decode, kept)}
            except msgspec.MsgspecError as error:
                log.warning("samples.bin cannot be read", recording=recording_id, why=str(error))
        missing = [one for one in rendition.segments if not one.gap and one.number not in found]
        for place in range(0, len(missing), AT_ONCE):
            group = missing[place : place + AT_ONCE]
            read = await asyncio.gather(*(self._table(recording_id, rendition.name, one) for one in group))
            found |= {one.number: one for one in read}
        return found

    async def _table(self, recording_id: str, rendition: str, segment: IndexedSegment) -> SegmentSamples:
        data = await self._sources.from_store(objects.segment(recording_id, rendition, segment.number))
        if data is None:
            raise Unavailable("Storage does not have all of it; try again in a moment.")
        try:
            return samples.read(data, segment.number, segment.init)
        except ValueError as error:
            raise NotFound(f"There is no file of it: a segment cannot be read ({error}).") from error


def _chosen(index: RecordingIndex, *, sound_only: bool) -> list[RenditionIndex]:
    """The picture, and the sound that plays everywhere if there is one."""
    there = {name: known for name, known in index.renditions.items() if known.inits and known.segments}
    picture = None if sound_only else there.get(VIDEO)
    return [known for known in (picture, there.get(AAC) or there.get(AUDIO)) if known]


def _row(recording_id: str, rendition: RenditionIndex, tables: Mapping[int, SegmentSamples]) -> list[Piece]:
    return [
        Piece(
            path=objects.segment(recording_id, rendition.name, segment.number),
            size_bytes=segment.size_bytes,
            number=segment.number,
            init=objects.init(recording_id, rendition.name, segment.init),
            samples=(table := tables[segment.number]),
            start=table.decode_time,
        )
        for segment in rendition.segments
        if not segment.gap
    ]


def _edited_row(
    recording_id: str,
    version: Version,
    rendition: RenditionIndex,
    tables: Mapping[int, SegmentSamples],
    own: Mapping[int, SegmentSamples],
) -> list[Piece]:
    """Pieces where the version shows them, each with the clock of its own segment."""
    prefix = objects.prefix(recording_id)
    found = []
    for segment in rendition.segments:
        if segment.gap:
            continue
        path = version.segment_path(rendition.name, segment.number)
        is_own = path.startswith(objects.EDITS)
        table = own[segment.number] if is_own else tables[_number_of(path)]
        init = version.init_path(rendition.name, segment.init)
        timescale = rendition.inits[segment.init].headers.timescale
        start = round(segment.start_s * timescale)
        found.append(Piece(prefix + path, segment.size_bytes, segment.number, prefix + init, table, start))
    return found


def _number_of(path: str) -> int:
    return int(path.rpartition("/")[2].partition(".")[0])


def _movie(rows: list[list[Piece]], inits: Mapping[str, Description], sound_only: bool) -> Movie:  # noqa: FBT001  for a thread
    """Raises NotFound when no file can be made of it."""
    try:
        layout = lay_out(rows, inits)
    except ValueError as error:
        raise NotFound(f"There is no file of it: {error}.") from error
    head = movie.head(layout.tracks, layout.size_bytes, sound_only=sound_only)
    digest = blake2b(head, digest_size=12, person=b"download")
    for span in layout.spans:
        digest.update(f"{span.path} {span.size_bytes}\n".encode())
    return Movie(head, layout.spans, len(head) + layout.size_bytes, f'"{digest.hexdigest()}"')
