from actors.processing.pictures.series import Series
from media.pictures.sprite import PER_SHEET, Thumbnail
from schemas.media import PartHeaders

SMALL = Thumbnail(2, 2, bytes(6))


def part(at_s: float, *, independent: bool = True) -> PartHeaders:
    return PartHeaders(0, 0, 0, 90_000, round((10 + at_s) * 90_000), 30_000, 0, 0, independent=independent)


def test_a_key_frame_each_four_seconds_has_a_thumbnail() -> None:
    series = Series()
    seen = [series.see(part(at / 3, independent=at % 6 == 0)) for at in range(60)]
    assert [round(at) for at in seen if at is not None] == [0, 4, 8, 12, 16]
    assert round(series.end_s) == 20


def test_the_fuller_a_sheet_the_rarer_it_is_stored() -> None:
    series, stored = Series(), []
    for number in range(PER_SHEET + 3):
        series.add(float(number), SMALL)
        if series.is_ripe() and (sheet := series.take()):
            stored.append((sheet.number, len(sheet.shots)))
    first = [count for number, count in stored if number == 0]
    assert first[:12] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 15]
    assert first[-1] == PER_SHEET
    assert len(first) < 35
    assert [count for number, count in stored if number == 1] == [1, 2, 3]


def test_what_was_stored_is_not_stored_again() -> None:
    series = Series(7)
    assert series.take() is None
    series.add(0.0, SMALL)
    sheet = series.take()
    assert sheet
    assert sheet.number == 7
    assert series.take() is None
