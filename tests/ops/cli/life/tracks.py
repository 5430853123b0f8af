"""Media as a recording has it, made of a few numbers."""

from collections.abc import Iterable

from ops.cli.life.pieces import Piece, Track

BEGAN_S = 1_795_000_000.0
PART_S = 0.5
PARTS = 4


def piece(number: int, *, stretch: int = 0, paused_s: float = 0.0, delay_s: float = 0.1, lost_s: float = 0.0) -> Piece:
    """The `number`th part of half a second; a pause moves it on the wall clock, a loss also in the media."""
    begin_s = number * PART_S + lost_s
    return Piece(
        segment=number // PARTS,
        part=number % PARTS,
        parts=1,
        stretch=stretch,
        begin_s=BEGAN_S + begin_s + paused_s,
        decode_s=begin_s,
        duration_s=PART_S,
        size_bytes=1000,
        delay_s=delay_s,
    )


def track(pieces: Iterable[Piece], name: str = "video") -> Track:
    return Track(name, "avc1", 1280, 720, pieces=list(pieces))
