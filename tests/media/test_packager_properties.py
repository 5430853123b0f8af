"""Whatever a source does, what players rely on holds."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from media.cmaf import fragment
from media.samples import Part
from schemas.media import AUDIO, VIDEO, PartHeaders
from tests.media.sources import Run, Source

PART_TARGET = 0.334
TARGET_DURATION = 4.0
PART_TARGET = 0.334
PACKET = 0.021

sources = st.builds(
    Source,
    fps=st.sampled_from([10, 12, 15, 20, 24, 25, 29.97, 30, 50, 60]),
    seconds=st.floats(3, 12),
    jitter_s=st.floats(0, 0.15),
    video_delay_s=st.floats(0, 0.4),
    lost_frames=st.floats(0, 0.1),
    lost_packets=st.floats(0, 0.2),
    no_audio=st.sampled_from([(0, 0), (0, 3), (2, 5), (4, 20), (0, 20)]),
    resized_at=st.sampled_from([float("inf"), 0.3, 2.5, 4.1]),
    answer_after_s=st.floats(0.02, 0.5),
    answers=st.booleans(),
    seed=st.integers(0, 1000),
)
wild = st.builds(
    Source,
    fps=st.floats(0.4, 70),
    seconds=st.floats(1, 15),
    video=st.booleans(),
    jitter_s=st.floats(0, 0.6),
    video_delay_s=st.floats(0, 1),
    lost_frames=st.floats(0, 0.5),
    lost_packets=st.floats(0, 0.5),
    no_video=st.sampled_from([(0, 0), (3, 4), (3, 7), (4, 20)]),
    no_audio=st.sampled_from([(0, 0), (0, 3), (2, 5), (4, 20), (0, 20)]),
    pause=st.sampled_from([(0, 0), (0.5, 0.9), (2.0, 6.0), (3.33, 3.34)]),
    resized_at=st.sampled_from([float("inf"), 0.3, 2.5]),
    answer_after_s=st.floats(0.02, 1.5),
    answers=st.booleans(),
    seed=st.integers(0, 1000),
)
few = settings(max_examples=60, deadline=None)


def headers(run: Run, rendition: str) -> list[PartHeaders]:
    return [said.headers for _, said in run.out if isinstance(said, Part) and said.rendition == rendition]


def begins(parts: list[PartHeaders]) -> dict[int, PartHeaders]:
    return {part.segment: part for part in parts if part.part == 0}


def seconds(parts: list[PartHeaders]) -> float:
    return sum(part.duration / part.timescale for part in parts)


def end(parts: list[PartHeaders]) -> float:
    return (parts[-1].decode_time + parts[-1].duration) / parts[-1].timescale


def segments(parts: list[PartHeaders]) -> Iterator[tuple[int, float]]:
    for number in begins(parts):
        yield number, seconds([part for part in parts if part.segment == number])


def check_always(run: Run) -> None:
    assert run.overdue == []
    for rendition in (VIDEO, AUDIO):
        parts = headers(run, rendition)
        for one, two in pairwise(parts):
            assert one.decode_time + one.duration == two.decode_time
            assert (two.segment, two.part) in {(one.segment, one.part + 1), (one.segment + 1, 0)}
            assert two.part == 0 or not two.discontinuity
            if one.stretch == two.stretch:
                elapsed = two.program_time_us - one.program_time_us
                assert elapsed == pytest.approx(one.duration * 1e6 / one.timescale, abs=2)
        for number, length in segments(parts):
            assert length <= TARGET_DURATION + 1e-6, f"{rendition} segment {number}"
    for _, said in run.out:
        if isinstance(said, Part):
            read = fragment.read(said.data)
            assert read.decode_time == said.headers.decode_time
            assert sum(sample.duration for sample in read.samples) == said.headers.duration
            assert all(sample.duration > 0 for sample in read.samples)
            assert read.samples[0].sync == said.headers.independent
            assert said.headers.duration / said.headers.timescale <= PART_TARGET


def has_key_frames_in_time(source: Source) -> bool:
    """Otherwise sound goes on alone after three seconds, in segments that picture does not have."""
    if not source.video or source.fps < 3 or source.lost_frames > 0.2:
        return False
    begins_once = source.pause == (0, 0) and (0, 0) in (source.no_video, source.no_audio)
    return begins_once or (source.answers and source.no_video == (0, 0))


def check_together(run: Run) -> None:
    pictures, sound = headers(run, VIDEO), headers(run, AUDIO)
    if not (pictures and sound):
        return
    assert begins(pictures).keys() == begins(sound).keys()
    for number, picture in begins(pictures).items():
        beside = begins(sound)[number]
        apart = picture.decode_time / 90_000 - beside.decode_time / 48_000
        assert abs(apart) <= PACKET, f"segment {number}"
        assert (picture.discontinuity, picture.stretch) == (beside.discontinuity, beside.stretch)
    assert abs(end(pictures) - end(sound)) <= PACKET


@few
@given(sources)
def test_while_frames_flow_every_promise_holds(source: Source) -> None:
    run = Run(source).go()
    check_always(run)
    check_together(run)
    pictures, sound = headers(run, VIDEO), headers(run, AUDIO)
    assert max(part.duration / part.timescale for part in pictures + sound) <= PART_TARGET
    short = [
        one
        for one, two in pairwise(pictures)
        if one.segment == two.segment and not one.independent and one.duration / 90_000 < 0.85 * PART_TARGET
    ]
    assert not short
    assert seconds(pictures) == pytest.approx(source.seconds, abs=2 / source.fps + source.jitter_s + 0.5)


@few
@given(sources)
def test_segments_begin_with_key_frames_when_the_source_gives_them(source: Source) -> None:
    run = Run(source).go()
    firsts = begins(headers(run, VIDEO)).values()
    if source.answers and source.lost_frames == 0:
        assert all(first.independent for first in firsts)


@few
@given(wild)
@example(Source(fps=1, seconds=5, no_video=(3, 4), pause=(0.5, 0.9), resized_at=2.5, answers=False, answer_after_s=1))
@example(
    Source(
        fps=0.5,
        seconds=10,
        video_delay_s=1,
        no_video=(3, 7),
        no_audio=(4, 20),
        pause=(3.33, 3.34),
        resized_at=2.5,
        answers=False,
        answer_after_s=1,
    )
)
def test_whatever_a_source_does_times_have_no_hole_and_segments_agree(source: Source) -> None:
    run = Run(source).go()
    check_always(run)
    if has_key_frames_in_time(source):
        check_together(run)


@pytest.mark.parametrize("fps", [1, 2, 3, 5])
def test_media_time_keeps_up_with_the_clock_on_a_still_screen(fps: int) -> None:
    run = Run(Source(fps=fps, seconds=20)).go()
    check_always(run)
    check_together(run)
    until = 10.0
    for now, said in run.out:
        if isinstance(said, Part) and said.rendition == VIDEO:
            assert now - (until - 10) < 1.2 / fps + 0.4
            until = (said.headers.decode_time + said.headers.duration) / 90_000


def test_a_picture_that_stands_still_for_good_does_not_hold_up_sound() -> None:
    run = Run(Source(seconds=20, no_video=(4, 99))).go()
    check_always(run)
    check_together(run)
    assert seconds(headers(run, AUDIO)) == pytest.approx(20, abs=0.1)
    assert all(first.independent for first in begins(headers(run, VIDEO)).values())


def test_sound_goes_on_alone_when_no_picture_ever_comes() -> None:
    run = Run(Source(seconds=12, no_video=(0, 99))).go()
    check_always(run)
    assert headers(run, VIDEO) == []
    assert seconds(headers(run, AUDIO)) == pytest.approx(12, abs=0.05)


def test_a_picture_that_comes_later_begins_where_sound_has_got_to() -> None:
    run = Run(Source(seconds=12, no_video=(0, 6))).go()
    check_always(run)
    first = headers(run, VIDEO)[0]
    beside = begins(headers(run, AUDIO))[first.segment]
    assert abs(first.decode_time / 90_000 - beside.decode_time / 48_000) <= PACKET
    assert first.decode_time / 90_000 == pytest.approx(16, abs=0.1)


@pytest.mark.parametrize("moment", [2.0, 2.013, 3.999])
def test_the_time_of_a_pause_is_left_out_of_both_renditions(moment: float) -> None:
    run = Run(Source(seconds=10, pause=(moment, moment + 3), jitter_s=0.02)).go()
    check_always(run)
    check_together(run)
    for rendition in (VIDEO, AUDIO):
        parts = headers(run, rendition)
        assert seconds(parts) == pytest.approx(7, abs=0.15)
        before, after = next((a, b) for a, b in pairwise(parts) if a.stretch != b.stretch)
        assert after.program_time_us - before.program_time_us > 2_900_000
