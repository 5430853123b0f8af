from datetime import UTC, datetime, timedelta

import pytest
import typer

from ops.cli import words
from ops.cli.options import span_s


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 B"), (812, "812 B"), (4_100, "4.1 kB"), (23_400_000, "23 MB"), (-5_000, "-5.0 kB")]
)
def test_sizes(count: float, said: str) -> None:
    assert words.size(count) == said


@pytest.mark.parametrize(
    ("span_s", "said"),
    [(0.34, "0.3 s"), (12.4, "12 s"), (245, "4:05"), (299.8, "5:00"), (8_049, "2:14:09"), (260_000, "3 d")],
)
def test_spans(span_s: float, said: str) -> None:
    assert words.seconds(span_s) == said


@pytest.mark.parametrize(("per_s", "said"), [(640_000, "640 kbit/s"), (2_500_000, "2.5 Mbit/s"), (90, "90 bit/s")])
def test_rates_of_bits(per_s: float, said: str) -> None:
    assert words.bits(per_s) == said


@pytest.mark.parametrize(
    ("count", "what", "said"),
    [(1, "event", "1 event"), (3, "stretch", "3 stretches"), (12_345, "part", "12 345 parts")],
)
def test_counts(count: int, what: str, said: str) -> None:
    assert words.counted(count, what) == said


def test_how_long_ago() -> None:
    now = datetime(2026, 11, 28, tzinfo=UTC)
    assert words.ago(now - timedelta(minutes=3), now) == "3:00"
    assert words.ago(now + timedelta(seconds=1), now) == "0.0 s"  # by a clock that is ahead
    assert words.ago(None) == ""


def test_what_is_long_is_cut_and_stays_on_one_line() -> None:
    assert words.one_line("a\n  b") == "a b"
    assert words.one_line("x" * 50, 10) == "x" * 9 + "…"


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7200), ("3d", 259_200), ("0.5s", 0.5)])
def test_spans_are_read(text: str, seconds: float) -> None:
    assert span_s(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "-1s", "10 m", "1w"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        span_s(text)
