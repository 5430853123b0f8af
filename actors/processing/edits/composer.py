"""How is a recording made of parts of others? Their segments are copied under new numbers, on one clock, as they are.

Only at a cut something is coded anew, as in an edit. Its index is written last; then it is stopped, and sealed like any
other: playlists, pictures and rungs are made of it by those who always make them.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from msgspec import Struct, structs
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from actors.outside import storage
from actors.processing.edits.archive import SOURCES, Archive, Archived
from actors.processing.edits.maker import Maker
from media.edits import edit_list, splice
from media.edits.edit_list import Keep
from media.edits.plan import Moment, duration_s, plan
from media.edits.splice import Spliced
from media.hls import index as indices
from media.hls.index import IndexedInit, IndexedPart, IndexedSegment, RecordingIndex, RenditionIndex
from media.mp4 import samples
from media.mp4.samples import SegmentSamples
from schemas.errors import Conflict, Unavailable
from schemas.media import AAC, AUDIO, BASE_OFFSET_S, VIDEO, InitHeaders
from subjects import objects

AT_ONCE: Final = 8
AWAY: Final = (OSError, BaseError)


class Source(Struct, frozen=True):
    """What is taken of one recording; None: all of it."""

    recording_id: str
    keep: Keep | None = None


class _Wanted(Struct, frozen=True):
    """A segment of the new recording in one rendition."""

    found: Archived
    rendition: str
    number: int
    moment: Moment
    made: Spliced | None
    start_s: float  # in the new recording, from 0
    stretch: int
    fresh: bool


class _Written(Struct, frozen=True):
    init: bytes
    headers: InitHeaders
    size_bytes: int
    table: SegmentSamples
    program_time_us: int


class Composer:
    """Makes the objects. Raises: Conflict with a sentence, Unavailable while storage is away."""

    def __init__(self, store: ObjectStore, maker: Maker) -> None:
        self._store = store
        self._maker = maker
        self._archive = Archive(store)
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def compose(self, recording_id: str, sources: Sequence[Source]) -> None:
        """All objects of the new recording."""
        archived = [await self._archive.recording(source.recording_id) for source in sources]
        names = _shared(archived)
        wanted = await self._planned(sources, archived, names)
        written = await asyncio.gather(*(self._segment(recording_id, one) for one in wanted))
        index = RecordingIndex(ended=True)
        for name in names:
            rows = [pair for pair in zip(wanted, written, strict=True) if pair[0].rendition == name]
            index.renditions[name] = await self._rendition(recording_id, name, rows)
        await self._copy(objects.poster(sources[0].recording_id), objects.poster(recording_id))
        await self._put(objects.index(recording_id), indices.encode(index))

    async def _planned(
        self, sources: Sequence[Source], archived: Sequence[Archived], names: Sequence[str]
    ) -> list[_Wanted]:
        wanted: list[_Wanted] = []
        number, stretch, at = 0, -1, 0.0
        for source, found in zip(sources, archived, strict=True):
            total = duration_s(found.index, found.timescales, found.tables)
            keep = edit_list.checked(source.keep or (edit_list.Range(0, total),), total)
            tables = {name: found.tables[name] for name in names if name in found.tables}
            moments = plan(keep, found.index, found.timescales, tables)
            made = await self._maker.pieces(found, moments)
            take = None
            for place, moment in enumerate(moments):
                stretch += moment.take != take
                take = moment.take
                fresh = bool(wanted) and (moment.discontinuity or not place)
                wanted += [
                    _Wanted(found, name, number, moment, made.get((name, place)), at + moment.start_s, stretch, fresh)
                    for name in names
                ]
                number += 1
            at += edit_list.duration_s(keep)
        return wanted

    async def _segment(self, recording_id: str, one: _Wanted) -> _Written | None:
        """None for a gap."""
        piece = one.moment.pieces.get(one.rendition)
        if piece is None:
            return None
        async with self._turn:
            source_id, index = one.found.recording_id, one.found.index.renditions[one.rendition]
            source = index.segment(piece.number)
            assert source is not None
            known = index.init(source.init)
            assert known is not None
            init_path = objects.init(source_id, one.rendition, source.init)
            init = one.made.init if one.made and one.made.init else await self._archive.object(init_path)
            whole = objects.segment(source_id, one.rendition, piece.number)
            data = one.made.data if one.made else await self._archive.object(whole)
            timescale = one.found.timescales[one.rendition]
            ticks = round((BASE_OFFSET_S + one.start_s) * timescale) - piece.begin
            try:
                data = splice.moved(data, ticks) if ticks else data
                table = samples.read(data, one.number, 0)
            except ValueError as error:
                raise Conflict(f"A segment of {source_id} cannot be read: {error}.") from error
            await self._put(objects.segment(recording_id, one.rendition, one.number), data)
            headers = known.headers
            if one.made and one.made.init:
                said = one.made
                headers = structs.replace(headers, codec=said.codec, width=said.width, height=said.height)
            begun_us = round((piece.begin / timescale - source.start_s) * 1e6)
            return _Written(init, headers, len(data), table, source.program_time_us + begun_us)

    async def _rendition(
        self, recording_id: str, name: str, rows: Sequence[tuple[_Wanted, _Written | None]]
    ) -> RenditionIndex:
        """Its index; its inits and its table are written on the way."""
        found = RenditionIndex(name, final=True)
        inits: list[bytes] = []
        tables: list[SegmentSamples] = []
        for one, made in rows:
            if made and made.init not in inits:
                inits.append(made.init)
                number = len(inits) - 1
                await self._put(objects.init(recording_id, name, number), made.init)
                found.inits.append(IndexedInit(structs.replace(made.headers, number=number), len(made.init), 0))
            before = found.segments[-1] if found.segments else None
            init = inits.index(made.init) if made else before.init if before else 0
            if made:
                tables.append(structs.replace(made.table, init=init))
            found.segments.append(
                IndexedSegment(
                    number=one.number,
                    init=init,
                    stretch=one.stretch,
                    program_time_us=made.program_time_us if made else before.program_time_us if before else 0,
                    discontinuity=one.fresh,
                    parts=[IndexedPart(one.moment.duration_s, made.size_bytes if made else 0, bool(made), 0)],
                    start_s=BASE_OFFSET_S + one.start_s,
                    gap=made is None,
                )
            )
        await self._put(objects.samples(recording_id, name), samples.encode(tables))
        return found

    async def _copy(self, path: str, to: str) -> None:
        """The picture that stands for it, if there is one."""
        try:
            await self._put(to, await self._archive.object(path))
        except Unavailable:
            return

    async def _put(self, path: str, data: bytes) -> None:
        try:
            await storage.put(self._store, path, data)
        except AWAY as error:
            raise Unavailable("Storage does not answer; try again in a moment.") from error


def _shared(archived: Sequence[Archived]) -> list[str]:
    """The renditions of the new one. Raises Conflict for what does not go together."""
    with_picture = [VIDEO in one.tables for one in archived]
    if any(with_picture) and not all(with_picture):
        raise Conflict("Recordings with and without picture cannot be put together.")
    for name in SOURCES:
        if len({one.timescales[name] for one in archived if name in one.timescales}) > 1:
            raise Conflict("These recordings do not count time alike.")
    with_sound = [one for one in archived if AUDIO in one.tables]
    has_aac = bool(with_sound) and all(AAC in one.tables for one in with_sound)
    there = ((VIDEO, all(with_picture)), (AUDIO, bool(with_sound)), (AAC, has_aac))
    return [name for name, is_there in there if is_there]
