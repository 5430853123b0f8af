"""How does media lie in time? One bar a rendition, cut into columns: whole, part of it, a hole, late, nothing. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby, pairwise
from typing import Final, Literal

from msgspec import Struct

from ops.cli.life.happenings import Happening
from ops.cli.life.pieces import Piece, Track
from ops.cli.life.renditions import GAP_S, LATE_S, Rendition

Cell = Literal["full", "some", "late", "hole", "none"]
SYMBOLS: Final[dict[Cell, str]] = {"full": "█", "some": "▓", "late": "▒", "hole": "░", "none": "·"}
MARKS: Final = {
    "RecordingPrepared": "○",
    "RecordingStarted": "●",
    "RecordingPaused": "‖",
    "RecordingResumed": "▸",
    "RecordingStopped": "■",
    "RecordingCompleted": "✓",
    "RecordingFailed": "✗",
}
WHOLE: Final = 0.9
MARGIN: Final = 0.1
LEAST_MARGIN_S: Final = 5.0
QUARTERS: Final = 4
EDGE_S: Final = 0.001
"""What ends where a column begins does not reach into it."""


class Window(Struct, frozen=True):
    """The time that is drawn, and in how many columns."""

    begin_s: float
    end_s: float
    columns: int

    def column(self, at_s: float) -> int:
        """Where that moment lies."""
        share = (at_s - self.begin_s) / max(self.end_s - self.begin_s, 0.001)
        return min(max(int(share * self.columns), 0), self.columns - 1)

    def covers(self, at_s: float) -> bool:
        """Whether it is drawn."""
        return self.begin_s <= at_s <= self.end_s


def window(tracks: Mapping[str, Track], happenings: Sequence[Happening], columns: int) -> Window | None:
    """All media, and the marks that are near it; None without media."""
    pieces = [piece for track in tracks.values() for piece in track.pieces]
    if not pieces:
        return None
    begin_s = min(piece.begin_s for piece in pieces)
    end_s = max(piece.begin_s + piece.duration_s for piece in pieces)
    margin_s = max((end_s - begin_s) * MARGIN, LEAST_MARGIN_S)
    marks = [one.at.timestamp() for one in happenings if one.what in MARKS]
    near = [at_s for at_s in marks if begin_s - margin_s <= at_s <= end_s + margin_s]
    return Window(min([begin_s, *near]), max([end_s, *near]), columns)


def bar(track: Track, rendition: Rendition, drawn: Window) -> list[tuple[Cell, int]]:
    """Runs of alike columns, from left to right."""
    share = _shares(track.pieces, drawn)
    cells: list[Cell] = ["full" if part >= WHOLE else "some" if part > 0 else "none" for part in share]
    for piece in track.pieces:
        if (piece.delay_s or 0.0) > rendition.delay_s + LATE_S:
            _paint(cells, "late", drawn, piece.begin_s, piece.begin_s + piece.duration_s)
    for before, after in pairwise(track.pieces):
        if after.decode_s - before.decode_s - before.duration_s >= GAP_S:
            _paint(cells, "hole", drawn, before.begin_s + before.duration_s, after.begin_s)
    return [(cell, len(list(run))) for cell, run in groupby(cells)]


def marks(happenings: Sequence[Happening], drawn: Window) -> list[tuple[int, str, str]]:
    """Column, symbol and event; those of one column stand beside each other."""
    found: list[tuple[int, str, str]] = []
    for one in happenings:
        symbol = MARKS.get(one.what)
        if symbol and drawn.covers(one.at.timestamp()):
            column = max(drawn.column(one.at.timestamp()), found[-1][0] + 1 if found else 0)
            found.append((min(column, drawn.columns - 1), symbol, one.what))
    return found


def ticks(drawn: Window) -> Iterator[tuple[int, float]]:
    """Column and seconds since the beginning, for an axis."""
    span_s = drawn.end_s - drawn.begin_s
    for quarter in range(QUARTERS + 1):
        yield round((drawn.columns - 1) * quarter / QUARTERS), span_s * quarter / QUARTERS


def began(drawn: Window) -> datetime:
    """Its first moment."""
    return datetime.fromtimestamp(drawn.begin_s).astimezone()


def _shares(pieces: Sequence[Piece], drawn: Window) -> list[float]:
    """How much of each column there is media for, 0 to 1."""
    found = [0.0] * drawn.columns
    width_s = max((drawn.end_s - drawn.begin_s) / drawn.columns, 1e-6)
    for piece in pieces:
        begin_s, end_s = piece.begin_s, piece.begin_s + piece.duration_s
        for column in range(drawn.column(begin_s), drawn.column(end_s) + 1):
            left_s = drawn.begin_s + column * width_s
            shared_s = min(end_s, left_s + width_s) - max(begin_s, left_s)
            found[column] += max(shared_s, 0.0) / width_s
    return found


def _paint(cells: list[Cell], cell: Cell, drawn: Window, begin_s: float, end_s: float) -> None:
    first, last = drawn.column(begin_s), drawn.column(max(end_s - EDGE_S, begin_s))
    cells[first : last + 1] = [cell] * (last + 1 - first)
