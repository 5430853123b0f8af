"""What does the log hold of a recording? Folded from headers alone.

By the edge while it grows, and by the archiver at its end, who keeps it as `index.json`. Whatever follows the end is
ignored, unless a worker made it (`DERIVED`). Numbers of segments have no hole: what a rendition lacks is a gap.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from schemas.media import (
    DERIVED,
    FINAL,
    LIVE_RUNG,
    VIDEO,
    InitHeaders,
    PartHeaders,
    init_from_headers,
    part_from_headers,
)

MOST_GAPS: Final = 1_000  # in a row; more is a broken log, and none of our memory
SHORTEST_GAP_S: Final = 0.001


class IndexedPart(Struct, array_like=True):
    """One part of a segment. `sequence` is its place in the MEDIA stream, which dies with the stream."""

    duration_s: float
    size_bytes: int
    independent: bool
    sequence: int


class IndexedInit(Struct):
    """One init segment."""

    headers: InitHeaders
    size_bytes: int
    sequence: int


class IndexedSegment(Struct):
    """One media segment: complete when a further one has begun, or the rendition has ended."""

    number: int
    init: int
    stretch: int
    program_time_us: int
    discontinuity: bool
    parts: list[IndexedPart]
    start_s: float = 0.0  # on the recording's clock, where `BASE_OFFSET_S` is its beginning
    gap: bool = False  # a number that this rendition has no media for; its one part is only a duration

    @property
    def duration_s(self) -> float:
        """Seconds; the sum of its parts."""
        return sum(part.duration_s for part in self.parts)

    @property
    def size_bytes(self) -> int:
        """Of all parts together."""
        return sum(part.size_bytes for part in self.parts)


class RenditionIndex(Struct):
    """All inits and segments of one rendition, in order."""

    name: str
    inits: list[IndexedInit] = []
    segments: list[IndexedSegment] = []
    final: bool = False  # nothing more will come
    frames_a_second: float = 0.0  # at most; 0 where nobody has counted
    discontinuity_sequence: int = 0  # of its first segment: how often the others had begun afresh before it came

    @property
    def bounds(self) -> tuple[int, int]:
        """The number of the first segment, and one more than that of the newest; (0, 0) before there is one."""
        return (self.segments[0].number, self.segments[-1].number + 1) if self.segments else (0, 0)

    def add_part(self, said: PartHeaders, size_bytes: int, sequence: int) -> bool:
        """Take a part; False for one that is there already."""
        part = IndexedPart(said.duration / said.timescale, size_bytes, said.independent, sequence)
        newest = self.segments[-1] if self.segments else None
        if newest and said.segment <= newest.number:
            is_next = said.segment == newest.number and said.part == len(newest.parts)
            if is_next:
                newest.parts.append(part)
            return is_next
        start_s = said.decode_time / said.timescale
        if newest:
            self._bridge(newest, said.segment, start_s)
        self.segments.append(
            IndexedSegment(
                said.segment, said.init, said.stretch, said.program_time_us, said.discontinuity, [part], start_s
            )
        )
        return True

    def segment(self, number: int) -> IndexedSegment | None:
        """A segment by its media sequence number."""
        position = number - self.bounds[0]
        return self.segments[position] if 0 <= position < len(self.segments) else None

    def init(self, number: int) -> IndexedInit | None:
        """An init segment by its number."""
        return next((init for init in self.inits if init.headers.number == number), None)

    def _bridge(self, newest: IndexedSegment, number: int, start_s: float) -> None:
        """Gaps for the numbers between `newest` and `number` (EXT-X-GAP, 4.4.4.7)."""
        missing = min(number - newest.number - 1, MOST_GAPS)
        if missing < 1:
            return
        begin_s = newest.start_s + newest.duration_s
        each_s = max((start_s - begin_s) / missing, SHORTEST_GAP_S)
        for place in range(missing):
            at_s = begin_s + place * each_s
            program_time_us = newest.program_time_us + round((at_s - newest.start_s) * 1e6)
            none = [IndexedPart(each_s, 0, False, 0)]  # noqa: FBT003  an array on the wire
            self.segments.append(
                IndexedSegment(
                    newest.number + 1 + place, newest.init, newest.stretch, program_time_us, False, none, at_s, True  # noqa: FBT003
                )
            )  # fmt: skip


class RecordingIndex(Struct):
    """All renditions; `ended` once the log says that nothing follows."""

    renditions: dict[str, RenditionIndex] = {}
    ended: bool = False

    def add(self, rendition: str, kind: str, headers: Mapping[str, str], size_bytes: int, sequence: int) -> bool:
        """Take a message of the log, in its order; whether it changed anything.

        Raises: KeyError or ValueError for headers that are not of this kind.
        """
        if kind == "end":
            changed, self.ended = not self.ended, True
            for known in self.renditions.values():
                known.final = known.final or known.name not in DERIVED
            self._end_live_rung()
            return changed
        if self.ended and rendition not in DERIVED:
            return False
        if kind == "init":
            self._of(rendition).inits.append(IndexedInit(init_from_headers(headers), size_bytes, sequence))
            return True
        said = part_from_headers(headers)
        there = self._of(rendition)
        there.final = there.final or FINAL in headers
        if not there.segments:
            there.discontinuity_sequence = self._discontinuities_before(said)
        changed = there.add_part(said, size_bytes, sequence)
        self._end_live_rung()
        return changed

    def _end_live_rung(self) -> None:
        """Its parts have the numbers of the picture's: it is whole when it has the last of them."""
        rung, video = self.renditions.get(LIVE_RUNG), self.renditions.get(VIDEO)
        if self.ended and rung and video and rung.segments and video.segments:
            last, wanted = rung.segments[-1], video.segments[-1]
            rung.final = rung.final or (last.number, len(last.parts)) >= (wanted.number, len(wanted.parts))

    def _of(self, rendition: str) -> RenditionIndex:
        return self.renditions.setdefault(rendition, RenditionIndex(rendition))

    def _discontinuities_before(self, said: PartHeaders) -> int:
        """Counted in the rendition that has seen most: players lay renditions beside each other by this number."""
        earlier = (
            sum(segment.discontinuity for segment in other.segments[1:] if segment.number < said.segment)
            + other.discontinuity_sequence
            for other in self.renditions.values()
            if other.segments and other.bounds[0] < said.segment
        )
        most = max(earlier, default=None)
        return 0 if most is None else most + said.discontinuity


def encode(index: RecordingIndex) -> bytes:
    """As `index.json`."""
    return msgspec.json.encode(index)


def decode(data: bytes) -> RecordingIndex:
    """Raises msgspec.ValidationError or DecodeError."""
    return msgspec.json.decode(data, type=RecordingIndex)
