"""How is a row of segments one track of a file? Its sample tables (ISO/IEC 14496-12, 8.5 to 8.7), edit list, headers.

A file may have several sample descriptions (a recording whose size changed in the middle). FFmpeg, VLC, QuickTime and
Chromium follow them; a player that does not shows the first size only.
"""

import struct
from collections.abc import Iterable, Sequence
from itertools import accumulate, groupby
from typing import Final, NamedTuple

from msgspec import Struct

from media.cmaf.box import box, full_box
from media.mp4.description import Description
from media.mp4.samples import Runs, SegmentSamples

MOVIE_TIMESCALE: Final = 90_000
MATRIX: Final = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_UNDETERMINED: Final = 0x55C4  # ISO 639-2 "und" packed in 15 bits
_FOUR_GIB: Final = 1 << 32


class Placed(NamedTuple):
    """A segment in the file: `offset` is its first byte, `description` counts from 1, `start` is its decode time."""

    samples: SegmentSamples
    description: int
    offset: int
    start: int


class Track(Struct):
    """One track; `placed` in the order of time, at least one with a sample."""

    descriptions: Sequence[Description]
    placed: Sequence[Placed]

    @property
    def timescale(self) -> int:
        """Ticks a second."""
        return self.descriptions[0].timescale

    @property
    def begin(self) -> int:
        """When its first sample is shown, in ticks."""
        samples, _, _, start = self.placed[0]
        return start + _lead(samples)

    def table(self) -> "Table":
        """Everything but the places of its samples, which depend on how long this is."""
        durations, total = _durations(self.placed)
        return Table(self, durations, total)


class Table(NamedTuple):
    """A track whose times are worked out; `duration` in ticks of the track."""

    track: Track
    durations: Runs
    duration: int

    def box(self, number: int, movie_begin: float, base: int) -> bytes:
        """The trak; `movie_begin` in seconds on the clock of the segments, `base` is added to every offset."""
        track, timescale = self.track, self.track.timescale
        lead = max(round((track.begin / timescale - movie_begin) * MOVIE_TIMESCALE), 0)
        shown = self.duration * MOVIE_TIMESCALE // timescale
        first = track.descriptions[0]
        width, height = (max(getattr(one, side) for one in track.descriptions) for side in ("width", "height"))
        volume = 0 if first.is_picture else 0x100
        where = struct.pack(">QQIIQ8xHHHH", 0, 0, number, 0, lead + shown, 0, int(not first.is_picture), volume, 0)
        return box(
            b"trak",
            full_box(b"tkhd", 1, 7, where, MATRIX, struct.pack(">II", width, height)),
            box(b"edts", _edits(lead, shown, _lead(track.placed[0].samples))),
            self._media(first, base),
        )

    def _media(self, first: Description, base: int) -> bytes:
        times = struct.pack(">QQIQHH", 0, 0, self.track.timescale, self.duration, _UNDETERMINED, 0)
        name = full_box(b"hdlr", 0, 0, bytes(4), first.handler, bytes(12), b"Loom\x00")
        header = full_box(b"vmhd", 0, 1, bytes(8)) if first.is_picture else full_box(b"smhd", 0, 0, bytes(4))
        here = box(b"dinf", full_box(b"dref", 0, 0, struct.pack(">I", 1), full_box(b"url ", 0, 1)))
        return box(b"mdia", full_box(b"mdhd", 1, 0, times), name, box(b"minf", header, here, self._samples(base)))

    def _samples(self, base: int) -> bytes:
        placed, entries = self.track.placed, [one.entry for one in self.track.descriptions]
        sizes = b"".join(one.samples.sizes for one in placed)
        tables = [
            full_box(b"stsd", 0, 0, struct.pack(">I", len(entries)), *entries),
            full_box(b"stts", 0, 0, _pairs(self.durations)),
            full_box(b"stsc", 0, 0, _chunks(placed)),
            full_box(b"stsz", 0, 0, struct.pack(">II", 0, len(sizes) // 4), sizes),
            _offsets(placed, base),
        ]
        if any(one.samples.compositions for one in placed):
            tables.append(full_box(b"ctts", 1, 0, _pairs(_compositions(placed), signed=True)))
        if self.track.descriptions[0].is_picture:
            tables.append(_syncs(placed))
        return box(b"stbl", *tables)


def _lead(samples: SegmentSamples) -> int:
    """How much later than it is decoded the first picture is shown."""
    if not samples.compositions:
        return 0
    times = accumulate((each for count, each in samples.durations for _ in range(count)), initial=0)
    shifts = (shift for count, shift in samples.compositions for _ in range(count))
    return min(time + shift for time, shift in zip(times, shifts, strict=False))


def _edits(lead: int, shown: int, media_time: int) -> bytes:
    """An empty edit where it begins later than others, then all of it (8.6.6)."""
    rows = [struct.pack(">Qqi", lead, -1, 0x10000)] if lead else []
    rows.append(struct.pack(">Qqi", shown, media_time, 0x10000))
    return full_box(b"elst", 1, 0, struct.pack(">I", len(rows)), *rows)


def _durations(placed: Sequence[Placed]) -> tuple[Runs, int]:
    """Durations as they must be in a row without holes: the last sample before one lasts until what comes behind it.

    Where the following begins too early, the last one is shortened, and what remains is taken from those behind it.
    """
    runs: Runs = []
    clock = placed[0].start
    for samples, _, _, start in placed:
        if runs and start != clock:
            count, each = runs.pop()
            last = max(each + start - clock, 1)
            runs += [(count - 1, each), (1, last)] if count > 1 else [(1, last)]
            clock += last - each
        runs += samples.durations
        clock += samples.duration
    return _merged(runs), clock - placed[0].start


def _compositions(placed: Iterable[Placed]) -> Runs:
    return _merged([run for one in placed for run in one.samples.compositions or [(one.samples.count, 0)]])


def _merged(runs: Iterable[tuple[int, int]]) -> Runs:
    grouped = groupby(runs, key=lambda run: run[1])
    return [(sum(count for count, _ in same), value) for value, same in grouped]


def _pairs(runs: Runs, *, signed: bool = False) -> bytes:
    flat = [number for run in runs for number in run]
    return struct.pack(f">I{('Ii' if signed else 'II') * len(runs)}", len(runs), *flat)


def _chunks(placed: Iterable[Placed]) -> bytes:
    """Samples of each chunk, and how they are described (8.7.4): a row where one of both changes."""
    rows: list[int] = []
    before: tuple[int, int] | None = None
    number = 0
    for one in placed:
        for chunk in one.samples.chunks:
            number += 1
            if (said := (chunk.samples, one.description)) != before:
                rows += (number, *said)
                before = said
    return struct.pack(f">I{len(rows)}I", len(rows) // 3, *rows)


def _offsets(placed: Sequence[Placed], base: int) -> bytes:
    """First byte of each chunk (8.7.5)."""
    found = [base + one.offset + chunk.offset for one in placed for chunk in one.samples.chunks]
    # Decided without `base`, so that the length of the box does not depend on it.
    is_long = placed[-1].offset >= _FOUR_GIB - (1 << 28)
    layout, name = ("Q", b"co64") if is_long else ("I", b"stco")
    return full_box(name, 0, 0, struct.pack(f">I{len(found)}{layout}", len(found), *found))


def _syncs(placed: Iterable[Placed]) -> bytes:
    """Numbers of the key frames, from 1 (8.6.2)."""
    found: list[int] = []
    before = 1
    for one in placed:
        found += [before + place for place in one.samples.syncs]
        before += one.samples.count
    return full_box(b"stss", 0, 0, struct.pack(f">I{len(found)}I", len(found), *found))
