"""What is there of one rendition, what is missing, what came late? Judged from its pieces alone. Pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby, pairwise
from statistics import median
from typing import Annotated, Final

from msgspec import Meta, Struct

from ops.cli.life.pieces import Piece, Track

GAP_S: Final = 0.05
"""A hole that somebody could notice; a rendition's own grid makes smaller ones between two stretches."""
LATE_S: Final = 1.0
"""So much later than usual a part is late."""


class Stretch(Struct, frozen=True):
    """What was recorded between two pauses or sources."""

    number: int
    began_at: datetime
    ended_at: datetime
    first_segment: int
    last_segment: int
    parts: int
    duration_s: float
    size_bytes: int


class Hole(Struct, frozen=True):
    """Something is missing between two parts."""

    at: datetime
    missing_s: Annotated[float, Meta(description="Seconds of media that decoders find missing.")]
    after: Annotated[str, Meta(description="The part before it, as segment.part.")]
    before: Annotated[str, Meta(description="The part behind it.")]
    lacks_numbers: Annotated[bool, Meta(description="Whether numbers of segments or parts are missing as well.")]


class Late(Struct, frozen=True):
    """Parts in a row that were stored later than others."""

    at: datetime
    first: str
    last: str
    parts: int
    late_s: Annotated[float, Meta(description="How much later than usual, the latest of them.")]


class Rendition(Struct, frozen=True):
    """One rendition of a recording."""

    name: str
    codec: str
    width: int
    height: int
    final: Annotated[bool, Meta(description="Of a derived one: whether all of it has been made.")]
    parts: int
    duration_s: float
    size_bytes: int
    delay_s: Annotated[float, Meta(description="How long after its last sample a part is stored, usually.")]
    stretches: list[Stretch]
    holes: list[Hole]
    late: list[Late]


def of(track: Track) -> Rendition:
    """All of it."""
    pieces = track.pieces
    delays = [piece.delay_s for piece in pieces if piece.delay_s is not None]
    usual_s = median(delays) if delays else 0.0
    return Rendition(
        name=track.name,
        codec=track.codec,
        width=track.width,
        height=track.height,
        final=track.final,
        parts=sum(piece.parts for piece in pieces),
        duration_s=round(sum(piece.duration_s for piece in pieces), 3),
        size_bytes=sum(piece.size_bytes for piece in pieces),
        delay_s=round(usual_s, 3),
        stretches=[_stretch(number, list(some)) for number, some in groupby(pieces, lambda piece: piece.stretch)],
        holes=[hole for before, after in pairwise(pieces) if (hole := _hole(before, after))],
        late=list(_late(pieces, usual_s)),
    )


def _stretch(number: int, pieces: Sequence[Piece]) -> Stretch:
    return Stretch(
        number,
        _time(pieces[0].begin_s),
        _time(_end_s(pieces[-1])),
        pieces[0].segment,
        pieces[-1].segment,
        sum(piece.parts for piece in pieces),
        round(sum(piece.duration_s for piece in pieces), 3),
        sum(piece.size_bytes for piece in pieces),
    )


def _hole(before: Piece, after: Piece) -> Hole | None:
    missing_s = after.decode_s - before.decode_s - before.duration_s
    is_next = after.segment == before.segment and after.part == before.part + before.parts
    lacks_numbers = not is_next and (after.segment, after.part) != (before.segment + 1, 0)
    if missing_s < GAP_S and not lacks_numbers:
        return None
    return Hole(_time(_end_s(before)), round(missing_s, 3), _name(before), _name(after), lacks_numbers)


def _late(pieces: Sequence[Piece], usual_s: float) -> Iterator[Late]:
    for is_late, some in groupby(pieces, lambda piece: (piece.delay_s or 0.0) > usual_s + LATE_S):
        if is_late:
            run = list(some)
            most_s = max(piece.delay_s or 0.0 for piece in run) - usual_s
            yield Late(_time(run[0].begin_s), _name(run[0]), _name(run[-1]), len(run), round(most_s, 3))


def _name(piece: Piece) -> str:
    return f"{piece.segment}.{piece.part}"


def _end_s(piece: Piece) -> float:
    return piece.begin_s + piece.duration_s


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
