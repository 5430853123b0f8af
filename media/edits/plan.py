"""Which pieces make an edited recording? Segments as they are, and parts of those at a cut.

A cut that falls on a key frame, and every end of a range, only leaves frames out. Where a range begins between key
frames, the frames up to the end of that segment are coded anew, no more. Sound is cut between packets.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from msgspec import Struct

from media.edits.edit_list import Range
from media.hls.index import RecordingIndex
from media.mp4.samples import SegmentSamples
from schemas.media import BASE_OFFSET_S, VIDEO

SNAP_S: Final = 0.01
"""A border that is so close to a frame's is meant to be that."""

Tables = Mapping[str, Mapping[int, SegmentSamples]]
"""By rendition and number of the segment."""


class Piece(Struct, frozen=True):
    """What is taken of one segment: from tick `begin` to before tick `end` of its track, on the segment's own clock."""

    number: int  # the segment's
    begin: int
    end: int
    whole: bool = False
    encode: bool = False


class Moment(Struct, frozen=True):
    """One segment of the edited recording in every rendition; None where there is no media for it."""

    start_s: float  # where it begins in the edited recording, from 0
    duration_s: float
    discontinuity: bool
    take: int  # which range it is of
    pieces: dict[str, Piece | None]


def duration_s(index: RecordingIndex, timescales: Mapping[str, int], tables: Tables) -> float:
    """How long the recording is: picture, or sound where there is none."""
    main = _main(index, tables)
    last = tables[main][max(tables[main])]
    return (last.decode_time + last.duration) / timescales[main] - BASE_OFFSET_S


def plan(keep: Sequence[Range], index: RecordingIndex, timescales: Mapping[str, int], tables: Tables) -> list[Moment]:
    """All moments of what is kept. `tables` has the renditions that are to be in it."""
    main = _main(index, tables)
    fresh = {one.number for one in index.renditions[main].segments if one.discontinuity}
    found: list[Moment] = []
    at = 0.0
    for take, wish in enumerate(keep):
        begins_anew = bool(found)
        for number, table in sorted(tables[main].items()):
            span = _span(table, wish, timescales[main])
            if span is None:
                continue
            begin, end = span
            pieces = {name: _piece(name, tables[name].get(number), wish, timescales[name]) for name in tables}
            start_s = at + begin / timescales[main] - BASE_OFFSET_S - wish.begin_s
            anew = bool(found) and (begins_anew or number in fresh)
            found.append(Moment(start_s, (end - begin) / timescales[main], anew, take, pieces))
            piece = pieces[main]
            begins_anew = piece is not None and piece.encode
        at += wish.duration_s
    return found


def _main(index: RecordingIndex, tables: Tables) -> str:
    if VIDEO in tables:
        return VIDEO
    return next(name for name in index.renditions if name in tables)


def _piece(rendition: str, table: SegmentSamples | None, wish: Range, timescale: int) -> Piece | None:
    span = _span(table, wish, timescale) if table else None
    if span is None or table is None:
        return None
    begin, end = span
    whole = begin == table.decode_time and end == table.decode_time + table.duration
    if whole or rendition != VIDEO:
        return Piece(table.number, begin, end, whole)
    is_copy = not table.compositions and first_of(starts(table), begin) in table.syncs
    return Piece(table.number, begin, end, encode=not is_copy)


class _Span(NamedTuple):
    begin: int
    end: int


def _span(table: SegmentSamples, wish: Range, timescale: int) -> _Span | None:
    """What of the segment lies in the range, in ticks; a border near one of a sample is moved there."""
    first, last = table.decode_time, table.decode_time + table.duration
    begin, end = (round((moment + BASE_OFFSET_S) * timescale) for moment in (wish.begin_s, wish.end_s))
    snap = round(SNAP_S * timescale)
    if begin >= last - snap or end <= first + snap:
        return None
    if begin <= first and end >= last:
        return _Span(first, last)
    borders = [*starts(table), last]
    return _Span(
        first if begin <= first else _snapped(begin, borders, snap),
        last if end >= last else _snapped(end, borders, snap),
    )


def _snapped(tick: int, borders: Sequence[int], snap: int) -> int:
    nearest = min(borders, key=lambda border: abs(border - tick))
    return nearest if abs(nearest - tick) <= snap else tick


def starts(table: SegmentSamples) -> list[int]:
    """When each sample is decoded, in ticks."""
    durations = (each for count, each in table.durations for _ in range(count))
    return list(accumulate(durations, initial=table.decode_time))[:-1]


def first_of(moments: Sequence[int], begin: int) -> int:
    """The place of the sample that is there at tick `begin`: the last one that does not begin behind it."""
    return max(sum(1 for moment in moments if moment <= begin) - 1, 0)
