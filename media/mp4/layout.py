"""In which order do segments lie in a file, and where? Those of one stretch of time beside each other."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from media.mp4.description import Description
from media.mp4.samples import SegmentSamples
from media.mp4.track import Placed, Track


class Piece(NamedTuple):
    """A segment as an object of its own; `start` is its decode time in the file, in ticks of its track."""

    path: str
    size_bytes: int
    number: int  # what belongs to the same stretch of time has the same
    init: str
    samples: SegmentSamples
    start: int


class Span(NamedTuple):
    """An object, whole."""

    path: str
    size_bytes: int


class Layout(Struct):
    """Tracks for `movie.head`, and the objects that follow it."""

    tracks: list[Track]
    spans: list[Span]

    @property
    def size_bytes(self) -> int:
        """Of all objects together."""
        return sum(span.size_bytes for span in self.spans)


def lay_out(rows: Sequence[Sequence[Piece]], inits: Mapping[str, Description]) -> Layout:
    """One row of pieces for each track; those without a sample are left out, tracks without one as well.

    Raises: ValueError when inits of one row differ in their timescale, or when nothing is left.
    """
    filled = [kept for row in rows if (kept := [piece for piece in row if piece.samples.count])]
    if not filled:
        raise ValueError("there is nothing in it")
    spans: list[Span] = []
    offsets: dict[str, int] = {}
    at = 0
    ordered = sorted((piece.number, place) for place, row in enumerate(filled) for piece in row)
    following = [iter(row) for row in filled]
    for _, place in ordered:
        piece = next(following[place])
        if piece.path not in offsets:
            offsets[piece.path] = at
            spans.append(Span(piece.path, piece.size_bytes))
            at += piece.size_bytes
    return Layout([_track(row, inits, offsets) for row in filled], spans)


def _track(row: Sequence[Piece], inits: Mapping[str, Description], offsets: Mapping[str, int]) -> Track:
    """Inits that describe their samples alike are one description."""
    described: list[Description] = []
    for piece in row:
        if (found := inits[piece.init]) not in described:
            described.append(found)
    if len({one.timescale for one in described}) > 1:
        raise ValueError("its parts do not count time alike")
    numbers = {name: described.index(found) + 1 for name, found in inits.items() if found in described}
    placed = [Placed(one.samples, numbers[one.init], offsets[one.path], one.start) for one in row]
    return Track(described, placed)
