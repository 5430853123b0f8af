"""What does the log hold of a recording? Folded from headers alone.

By the edge while it grows, and by the archiver at its end, who keeps it as `index.json`. Whatever follows the end is
ignored, unless a worker made it (`DERIVED`).
"""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from schemas.media import (
    DERIVED,
    FINAL,
    InitHeaders,
    PartHeaders,
    init_from_headers,
    part_from_headers,
)


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

    def add_part(self, said: PartHeaders, size_bytes: int, sequence: int) -> bool:
        """Take a part; False for one that is there already."""
        part = IndexedPart(said.duration / said.timescale, size_bytes, said.independent, sequence)
        newest = self.segments[-1] if self.segments else None
        if newest is None or said.segment > newest.number:
            self.segments.append(
                IndexedSegment(said.segment, said.init, said.stretch, said.program_time_us, said.discontinuity, [part])
            )
            return True
        if said.segment == newest.number and said.part == len(newest.parts):
            newest.parts.append(part)
            return True
        return False

    def segment(self, number: int) -> IndexedSegment | None:
        """A segment by its media sequence number."""
        position = number - self.segments[0].number if self.segments else -1
        return self.segments[position] if 0 <= position < len(self.segments) else None


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
            return changed
        if self.ended and rendition not in DERIVED:
            return False
        there = self.renditions.setdefault(rendition, RenditionIndex(rendition))
        if kind == "init":
            there.inits.append(IndexedInit(init_from_headers(headers), size_bytes, sequence))
            return True
        there.final = there.final or FINAL in headers
        return there.add_part(part_from_headers(headers), size_bytes, sequence)


def encode(index: RecordingIndex) -> bytes:
    """As `index.json`."""
    return msgspec.json.encode(index)


def decode(data: bytes) -> RecordingIndex:
    """Raises msgspec.ValidationError or DecodeError."""
    return msgspec.json.decode(data, type=RecordingIndex)
