from collections.abc import Iterator
from itertools import pairwise

import pytest

from actors.processing.aac_rendition import MAX_PART, AacPart, AacRendition, Position
from media.audio.aac import FRAME, PRIMING, OpusPacket
from schemas.media import AUDIO_TIMESCALE, PartHeaders
from tests.media.audio.sound import BASE, PER_PACKET, beeps, opus

Given = tuple[int, PartHeaders, list[OpusPacket]]
PACKETS = opus(beeps(8))
WALL_US = 1_700_000_000_000_000


def said(
    segment: int, part: int, at: int, packets: int, *, stretch: int = 0, discontinuity: bool = False
) -> PartHeaders:
    return PartHeaders(
        segment, part, 0, AUDIO_TIMESCALE, at, packets * PER_PACKET, WALL_US + (at - BASE) * 1_000_000 // AUDIO_TIMESCALE,
        stretch, independent=True, discontinuity=discontinuity,
    )  # fmt: skip


def parts(count: int, packets: int = 16, per_segment: int = 6) -> Iterator[Given]:
    for number in range(count):
        begin = number * packets
        yield (
            number * 3 + 1,
            said(number // per_segment, number % per_segment, BASE + begin * PER_PACKET, packets),
            PACKETS[begin : begin + packets],
        )


def made(rendition: AacRendition, given: list[Given]) -> list[AacPart]:
    return [part for one in given for part in rendition.add(*one)] + rendition.end()


def assert_contiguous(found: list[AacPart]) -> None:
    for before, after in pairwise(found):
        assert after.said.decode_time == before.said.decode_time + before.said.duration


def numbers(found: list[AacPart]) -> list[tuple[int, int]]:
    return [(part.said.segment, part.said.part) for part in found]


def test_parts_have_the_numbers_of_the_opus_parts_and_one_more_at_the_end() -> None:
    given = list(parts(20))
    found = made(AacRendition(1), given)
    assert numbers(found) == [(one.segment, one.part) for _, one, _ in given] + [(3, 2)]
    assert_contiguous(found)
    assert found[0].said.decode_time == BASE - PRIMING
    assert [part.final for part in found] == [False] * 20 + [True]


def test_borders_are_within_three_frames_of_those_of_opus() -> None:
    given = list(parts(20))
    for (_, opus_said, _), part in zip(given, made(AacRendition(1), given), strict=False):
        assert 0 <= opus_said.decode_time - part.said.decode_time <= 3 * FRAME
        elapsed_us = (part.said.decode_time - BASE) * 1_000_000 // AUDIO_TIMESCALE
        assert abs(part.said.program_time_us - WALL_US - elapsed_us) <= 1


def test_a_segment_too_short_for_a_frame_borrows_one() -> None:
    shape = [(0, 0, 16), (1, 0, 1), (2, 0, 1), (3, 0, 16)]
    given: list[Given] = []
    begin = 0
    for sequence, (segment, part, packets) in enumerate(shape, 1):
        at = BASE + begin * PER_PACKET
        given.append((sequence, said(segment, part, at, packets), PACKETS[begin : begin + packets]))
        begin += packets
    found = made(AacRendition(1), given)
    assert sorted({part.said.segment for part in found}) == [0, 1, 2, 3]
    assert numbers(found) == sorted(numbers(found))
    assert all(part.frames for part in found)
    assert_contiguous(found)


@pytest.mark.parametrize("killed_after", [1, 5, 6, 7, 13])
def test_a_worker_that_takes_over_makes_the_same_parts(killed_after: int) -> None:
    given = list(parts(20))
    expected = made(AacRendition(1), given)
    last = expected[killed_after - 1]
    again = [one for one in given if one[0] >= last.resume]
    assert len(again) <= len(given) - killed_after + 2
    found = made(AacRendition(1, Position(last.said, last.source)), again)
    assert [(part.said, len(part.frames)) for part in found] == [
        (part.said, len(part.frames)) for part in expected[killed_after:]
    ]


def test_a_short_gap_between_sources_is_filled_behind_the_segment_before() -> None:
    before = list(parts(4))
    gap = 24 * PER_PACKET
    after: list[Given] = [
        (99, said(2, 0, BASE + 64 * PER_PACKET + gap, 16, stretch=1, discontinuity=True), PACKETS[:16]),
    ]
    found = made(AacRendition(1), before + after)
    assert_contiguous(found)
    assert numbers(found) == [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (2, 0), (2, 1)]
    assert all(len(part.frames) <= MAX_PART for part in found)
    assert [part.said.discontinuity for part in found] == [False] * 6 + [True, False]


def test_a_long_gap_stays_a_gap_and_what_follows_is_in_place() -> None:
    before = list(parts(4))
    at = BASE + 64 * PER_PACKET + 5 * AUDIO_TIMESCALE
    found = made(AacRendition(1), [*before, (99, said(2, 0, at, 16, stretch=1, discontinuity=True), PACKETS[:16])])
    assert numbers(found)[-3:] == [(0, 4), (2, 0), (2, 1)]
    assert found[-2].said.decode_time == at - PRIMING


def test_a_part_that_cannot_be_read_is_silence_and_moves_nothing() -> None:
    given = list(parts(8))
    damaged = [*given[:3], (given[3][0], given[3][1], []), *given[4:]]
    assert [p.said for p in made(AacRendition(1), damaged)] == [p.said for p in made(AacRendition(1), given)]
