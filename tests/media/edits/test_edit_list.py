"""Ranges are kept, cut, split and composed as one would with scissors."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.edits import edit_list
from media.edits.edit_list import Keep, Range, checked, compose, cut, duration_s, split, trim

TENTHS = st.integers(0, 600)


@st.composite
def keeps(draw: st.DrawFn) -> Keep:
    borders = sorted(draw(st.sets(TENTHS, min_size=2, max_size=10)))
    return tuple(Range(float(a), float(b)) for a, b in zip(borders[::2], borders[1::2], strict=False))


def moments(keep: Keep) -> list[int]:
    """Every second that is kept, in order."""
    return [second for one in keep for second in range(round(one.begin_s), round(one.end_s))]


@given(keeps(), TENTHS, TENTHS)
def test_what_is_cut_out_is_gone_and_nothing_else(keep: Keep, a: int, b: int) -> None:
    begin, end = sorted((a, b))
    assert moments(cut(keep, begin, end)) == [one for one in moments(keep) if not begin <= one < end]
    assert moments(trim(keep, begin, end)) == [one for one in moments(keep) if begin <= one < end]


@given(keeps(), st.data())
def test_an_edit_of_an_edit_is_one_edit(keep: Keep, data: st.DataObject) -> None:
    total = round(duration_s(keep))
    begin, end = sorted(data.draw(st.tuples(st.integers(0, total), st.integers(0, total))))
    assert moments(compose(keep, [Range(begin, end)])) == moments(keep)[begin:end]


@given(keeps(), st.data())
def test_both_sides_of_a_split_are_the_whole(keep: Keep, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, round(duration_s(keep))))
    before, after = split(keep, at)
    assert moments(before) == moments(keep)[:at]
    assert moments(before) + moments(after) == moments(keep)


@pytest.mark.parametrize(
    ("keep", "why"),
    [
        ([], "keeps something"),
        ([(3, 2)], "begins before it ends"),
        ([(-1, 2)], "begins before it ends"),
        ([(0, math.nan)], "begins before it ends"),
        ([(0, math.inf)], "begins before it ends"),
        ([(10, 12)], "ends at 10.000 s"),
        ([(0, 5), (4, 6)], "follow each other"),
        ([(1, 1.01)], "shorter than"),
        ([(n / 100, n / 100 + 0.001) for n in range(501)], "at most 500"),
    ],
)
def test_what_cannot_be_meant_is_said(keep: list[tuple[float, float]], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        checked([Range(*one) for one in keep], 10.0)


def test_neighbours_become_one_and_the_end_is_the_recordings() -> None:
    assert checked([Range(0, 2), Range(2, 3), Range(5, 99)], 10.0) == (Range(0, 3), Range(5, 10.0))
    assert edit_list.MOST_RANGES >= 500
