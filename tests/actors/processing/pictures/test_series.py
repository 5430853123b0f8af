from datetime import UTC, datetime

from actors.jetstream.direct_get import Entry
from actors.processing.pictures.series import Series
from media.pictures.sprite import PER_SHEET, Thumbnail
from schemas.media import PartHeaders

SMALL = Thumbnail(2, 2, bytes(6))


def see(series: Series, at_s: float, *, independent: bool = True) -> None:
    said = PartHeaders(0, 0, 0, 90_000, round((10 + at_s) * 90_000), 30_000, 0, 0, independent=independent)
    series.see(said, Entry(1, "a subject", {}, 0, b"", datetime.now(UTC)))


def test_a_key_frame_each_four_seconds_has_a_thumbnail() -> None:
    series = Series()
    for at in range(60):
        see(series, at / 3, independent=at % 6 == 0)
    assert [round(shot.at_s) for shot in series.take()] == [0, 4, 8, 12, 16]
    assert round(series.end_s) == 20
    assert series.take() == []


def test_the_fuller_a_sheet_the_more_are_made_at_a_time() -> None:
    series, made = Series(7), []
    for number in range(PER_SHEET + 3):
        see(series, 4.0 * number)
        if series.is_ripe():
            taken = series.take()
            for at_s, _ in taken:
                series.add(at_s, SMALL)
            made.append((series.sheet.number, len(taken)))
    first = [count for number, count in made if number == 7]
    assert first[:9] == [1] * 9
    assert sum(first) == PER_SHEET
    assert len(first) < 35
    assert max(first) <= 10
    assert [count for number, count in made if number == 8] == [1, 1, 1]
    assert len(series.sheet.shots) == 3
