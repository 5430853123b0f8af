import pytest

from actors.processing.pictures.moments import moments
from media.edits.edit_list import Range
from media.hls.index import IndexedPart, IndexedSegment
from media.pictures.preview import MOMENTS, SECONDS

BEGINS_S = 10.0


def segments(count: int) -> list[IndexedSegment]:
    part = [IndexedPart(2.0, 100, True, 0)]
    return [IndexedSegment(n, 0, 0, 0, discontinuity=False, parts=part, start_s=BEGINS_S + 2 * n) for n in range(count)]


def test_they_are_spread_over_all_of_it_and_begin_with_key_frames() -> None:
    found = moments(segments(60), BEGINS_S, (Range(0.0, 120.0),))
    assert [one.segment.number for one in found] == [0, 10, 20, 30, 40, 50]
    assert {(one.skip_s, one.lasting_s) for one in found} == {(0.0, SECONDS / MOMENTS)}


def test_of_a_version_they_show_what_is_kept_and_nothing_else() -> None:
    found = moments(segments(60), BEGINS_S, (Range(5.0, 6.25), Range(9.0, 9.25)))
    assert [(one.segment.number, one.skip_s) for one in found] == [(2, 1.0), (3, 0.0), (4, 1.0)]
    assert [one.lasting_s for one in found] == [pytest.approx(seconds) for seconds in (1.0, 0.25, 0.25)]


def test_what_is_short_is_shown_as_it_is() -> None:
    (one,) = moments(segments(1), BEGINS_S, (Range(0.0, 2.0),))
    assert one.lasting_s == 2.0
    assert moments([], BEGINS_S, (Range(0.0, 2.0),)) == []
