"""What does a figure say? One JSON line: the median of several runs, the floor of the same run, bar and verdict."""

import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct


class Figure(Struct, frozen=True, omit_defaults=True):
    """One line of `make bench`."""

    figure: str
    unit: str
    median: float
    runs: list[float]
    bar: str
    ok: bool
    floor: float | None = None  # the same work by the cheapest known tool, measured in the same run
    floor_is: str = ""
    ratio: float | None = None  # median / floor
    beside: dict[str, Any] = {}  # what else was seen


def at_most(
    figure: str,
    unit: str,
    runs: Sequence[float],
    bar: float,
    *,
    floor: tuple[str, float] | None = None,
    also: bool = True,
    beside: Mapping[str, Any] | None = None,
) -> Figure:
    """A figure that must not exceed `bar`; `also` is a second condition that must hold."""
    median = _median(runs)
    return Figure(
        figure=figure,
        unit=unit,
        median=round(median, 3),
        runs=[round(run, 3) for run in runs],
        bar=f"<= {bar}",
        ok=median <= bar and also,
        floor=round(floor[1], 3) if floor else None,
        floor_is=floor[0] if floor else "",
        ratio=round(median / floor[1], 3) if floor and floor[1] else None,
        beside=dict(beside or {}),
    )


def at_least(
    figure: str, unit: str, runs: Sequence[float], bar: float, *, beside: Mapping[str, Any] | None = None
) -> Figure:
    """A figure that must reach `bar`."""
    median = _median(runs)
    return Figure(
        figure=figure,
        unit=unit,
        median=round(median, 3),
        runs=[round(run, 3) for run in runs],
        bar=f">= {bar}",
        ok=median >= bar,
        beside=dict(beside or {}),
    )


def _median(runs: Sequence[float]) -> float:
    return statistics.median(runs) if runs else float("nan")


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which `percent` of `values` lie; NaN for none."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(percent / 100 * (len(ordered) - 1)))]


def progress(text: str) -> None:
    """What is being done, on standard error: every step that takes longer than a second says so."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()
