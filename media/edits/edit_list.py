"""What of a recording is kept? Ranges of its own clock, in order; every edit is a new list, so none is ever lost."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct

MOST_RANGES: Final = 500
SHORTEST_S: Final = 0.05
"""Two frames or so: less is a slip of the hand."""


class Range(Struct, array_like=True, frozen=True):
    """From `begin_s` to before `end_s`, in seconds from the beginning of the recording."""

    begin_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """How long it is."""
        return self.end_s - self.begin_s


Keep = tuple[Range, ...]


def checked(keep: Sequence[Range], duration_s: float) -> Keep:
    """The same, within the recording, neighbours that touch as one.

    Raises: ValueError with a sentence for what cannot be meant.
    """
    if not keep:
        raise ValueError("An edit keeps something; to remove all of it, delete the recording.")
    if len(keep) > MOST_RANGES:
        raise ValueError(f"An edit has at most {MOST_RANGES} ranges, not {len(keep)}.")
    for one in keep:
        if not (math.isfinite(one.begin_s) and math.isfinite(one.end_s) and 0 <= one.begin_s < one.end_s):
            raise ValueError(
                f"A range begins before it ends, at 0 or later; {one.begin_s:g} to {one.end_s:g} does not."
            )
        if one.begin_s >= duration_s:
            raise ValueError(f"The recording ends at {duration_s:.3f} s; there is nothing at {one.begin_s:g} s.")
    for before, after in pairwise(keep):
        if after.begin_s < before.end_s:
            raise ValueError(f"Ranges follow each other; one ends at {before.end_s:g}, the next begins before.")
    joined = _joined(Range(one.begin_s, min(one.end_s, duration_s)) for one in keep)
    if not (kept := tuple(one for one in joined if one.duration_s >= SHORTEST_S)):
        raise ValueError(f"What is kept is shorter than {SHORTEST_S:g} s.")
    return kept


def duration_s(keep: Sequence[Range]) -> float:
    """Of what is kept."""
    return sum(one.duration_s for one in keep)


def trim(keep: Keep, begin_s: float, end_s: float) -> Keep:
    """Nothing before `begin_s`, nothing from `end_s` on, on the recording's clock."""
    bounded = (Range(max(one.begin_s, begin_s), min(one.end_s, end_s)) for one in keep)
    return tuple(one for one in bounded if one.duration_s > 0)


def cut(keep: Keep, begin_s: float, end_s: float) -> Keep:
    """Without that range, on the recording's clock."""
    return trim(keep, 0, begin_s) + trim(keep, end_s, math.inf)


def split(keep: Keep, at_s: float) -> tuple[Keep, Keep]:
    """What comes before `at_s` of the edited recording, and the rest."""
    total = duration_s(keep)
    return compose(keep, (Range(0, at_s),)), compose(keep, (Range(at_s, total),))


def compose(keep: Keep, further: Sequence[Range]) -> Keep:
    """An edit of an edit: `further` is on the clock of what `keep` gives; the answer on that of the recording."""
    found: list[Range] = []
    for wish in further:
        at = 0.0
        for one in keep:
            begin, end = max(wish.begin_s, at), min(wish.end_s, at + one.duration_s)
            if begin < end:
                found.append(Range(one.begin_s + begin - at, one.begin_s + end - at))
            at += one.duration_s
    return _joined(found)


def _joined(ranges: Iterable[Range]) -> Keep:
    found: list[Range] = []
    for one in ranges:
        if found and found[-1].end_s == one.begin_s:
            found[-1] = Range(found[-1].begin_s, one.end_s)
        else:
            found.append(one)
    return tuple(found)
