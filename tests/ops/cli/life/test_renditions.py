from ops.cli.life import renditions
from tests.ops.cli.life.tracks import piece, track


def test_media_without_a_hole_is_one_stretch() -> None:
    found = renditions.of(track(piece(number) for number in range(8)))
    assert (found.parts, found.duration_s, found.size_bytes, found.delay_s) == (8, 4.0, 8000, 0.1)
    assert (found.holes, found.late) == ([], [])
    (stretch,) = found.stretches
    assert (stretch.first_segment, stretch.last_segment, stretch.parts) == (0, 1, 8)
    assert (stretch.ended_at - stretch.began_at).total_seconds() == 4.0


def test_a_pause_makes_a_stretch_and_no_hole() -> None:
    before = [piece(number) for number in range(4)]
    after = [piece(number, stretch=1, paused_s=10) for number in range(4, 8)]
    found = renditions.of(track(before + after))
    assert [stretch.number for stretch in found.stretches] == [0, 1]
    assert found.holes == []


def test_a_part_that_is_missing_is_a_hole_with_its_neighbours() -> None:
    (hole,) = renditions.of(track(piece(number) for number in (0, 1, 3, 4))).holes
    assert (hole.missing_s, hole.after, hole.before, hole.lacks_numbers) == (0.5, "0.1", "0.3", True)


def test_media_that_is_missing_between_parts_is_a_hole_without_numbers() -> None:
    pieces = [piece(0), piece(1), piece(2, lost_s=2.0), piece(3, lost_s=2.0)]
    (hole,) = renditions.of(track(pieces)).holes
    assert (hole.missing_s, hole.lacks_numbers) == (2.0, False)


def test_parts_that_were_stored_late_are_one_run() -> None:
    pieces = [piece(number, delay_s=3.1 if number in {4, 5} else 0.1) for number in range(12)]
    (late,) = renditions.of(track(pieces)).late
    assert (late.first, late.last, late.parts, late.late_s) == ("1.0", "1.1", 2, 3.0)


def test_a_rendition_that_only_has_its_init_is_empty() -> None:
    found = renditions.of(track([]))
    assert (found.parts, found.duration_s, found.stretches) == (0, 0.0, [])
