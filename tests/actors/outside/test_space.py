"""What follows from how much room is left."""

from pathlib import Path

import pytest

from actors.outside.space import left_bytes, level, log_limit, says

RESERVE = 512_000_000


@pytest.mark.parametrize(
    ("left", "found"),
    [
        (None, "enough"),
        (10 * RESERVE, "enough"),
        (RESERVE, "enough"),
        (RESERVE - 1, "low"),
        (RESERVE // 2, "low"),
        (RESERVE // 2 - 1, "full"),
        (0, "full"),
    ],
)
def test_first_nothing_new_is_begun_then_nothing_goes_on(left: int | None, found: str) -> None:
    assert level(left, RESERVE) == found
    assert bool(says(left, RESERVE)) is (found != "enough")
    assert says(left, RESERVE).endswith("." if found != "enough" else "")


def test_without_a_reserve_nothing_is_confined() -> None:
    assert level(0, 0) == "enough"


@pytest.mark.parametrize("left", [0, 1, RESERVE // 2, RESERVE, 7 * RESERVE])
def test_the_log_never_gets_at_the_second_half_of_the_reserve(left: int) -> None:
    limit = log_limit(1_000, left, RESERVE)
    assert limit >= 1_000  # what is there stays
    assert limit - 1_000 <= max(left - RESERVE // 2, 0)


def test_an_empty_log_that_may_hold_nothing_is_not_without_limit() -> None:
    assert log_limit(0, 0, RESERVE) == 1
    assert log_limit(0, 100 * RESERVE, RESERVE) == -1
    assert log_limit(0, None, RESERVE) == -1


def test_the_fullest_disk_counts_and_one_that_is_elsewhere_does_not(tmp_path: Path) -> None:
    assert left_bytes([tmp_path / "nothing"]) is None
    assert 0 < (left_bytes([tmp_path, Path("/")]) or 0) <= (left_bytes([tmp_path]) or 0)
