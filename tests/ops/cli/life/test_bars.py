from datetime import UTC, datetime

import pytest

from ops.cli.life import bars, renditions
from ops.cli.life.bars import Window
from ops.cli.life.happenings import Happening
from ops.cli.life.pieces import Piece
from tests.ops.cli.life.tracks import BEGAN_S, piece, track


def drawn(pieces: list[Piece], columns: int = 10) -> str:
    """As somebody sees it."""
    made = track(pieces)
    window = bars.window({"video": made}, [], columns)
    assert window
    return "".join(bars.SYMBOLS[cell] * count for cell, count in bars.bar(made, renditions.of(made), window))


def happening(what: str, at_s: float) -> Happening:
    return Happening(datetime.fromtimestamp(BEGAN_S + at_s, UTC), "recording", what)


def test_whole_media_is_a_full_bar() -> None:
    assert drawn([piece(number) for number in range(20)]) == "██████████"


def test_a_pause_is_empty() -> None:
    before, after = range(8), range(8, 12)
    pieces = [piece(number) for number in before] + [piece(number, stretch=1, paused_s=4.0) for number in after]
    assert drawn(pieces) == "████····██"


def test_a_hole_is_seen_however_small_it_is() -> None:
    assert drawn([piece(number) for number in range(40) if number != 17]).count("░") == 1


def test_what_was_late_is_seen() -> None:
    assert drawn([piece(number, delay_s=5.0 if number == 11 else 0.1) for number in range(20)]).count("▒") == 1


@pytest.mark.parametrize("columns", [1, 20, 200])
def test_it_is_as_wide_as_it_should_be(columns: int) -> None:
    assert len(drawn([piece(number) for number in range(50)], columns)) == columns


def test_marks_stand_where_they_were_and_never_on_each_other() -> None:
    window = Window(BEGAN_S, BEGAN_S + 100, 100)
    rows = [happening("RecordingPrepared", 1), happening("RecordingStarted", 1.1), happening("RecordingStopped", 90)]
    assert [(column, symbol) for column, symbol, _ in bars.marks(rows, window)] == [(1, "○"), (2, "●"), (90, "■")]


def test_what_happened_days_later_does_not_stretch_the_line() -> None:
    made = track([piece(number) for number in range(20)])
    rows = [happening("RecordingStopped", 12), happening("RecordingCompleted", 90_000)]
    window = bars.window({"video": made}, rows, 50)
    assert window
    assert (window.begin_s, window.end_s) == (BEGAN_S, BEGAN_S + 12)
    assert len(bars.marks(rows, window)) == 1


def test_without_media_there_is_nothing_to_draw() -> None:
    assert bars.window({"video": track([])}, [], 50) is None
