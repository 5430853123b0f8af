"""A session goes on where the log ends, wherever that was; sound and picture stay beside each other."""

import random
import struct
from itertools import pairwise
from statistics import median

import pytest

from media.audio.opus import SILENCE
from media.cmaf import fragment
from media.packager import Packager
from media.samples import Continuation, Init, Part
from schemas.media import AUDIO, VIDEO
from tests.media.sources import Run, Source


def log_of(run: Run, until: int) -> list[Init | Part]:
    """What had been published when the gateway was killed."""
    return [said for _, said in run.out if isinstance(said, Init | Part)][:until]


def continuation(log: list[Init | Part]) -> Continuation:
    """As the gateway reads it back."""
    last = {said.rendition: said.headers for said in log if isinstance(said, Part)}
    inits = {said.rendition: said.headers.number + 1 for said in log if isinstance(said, Init)}
    ends = {rendition: headers.decode_time + headers.duration for rendition, headers in last.items()}
    return Continuation(
        segments={rendition: headers.segment + 1 for rendition, headers in last.items()},
        inits=inits,
        ends=ends,
        base_time_s=max(ends[rendition] / last[rendition].timescale for rendition in last),
        stretch=max(headers.stretch for headers in last.values()) + 1,
    )


@pytest.mark.parametrize("seed", range(20))
def test_after_a_kill_at_any_moment_both_renditions_go_on_without_a_hole(seed: int) -> None:
    whole = log_of(Run(Source(seconds=8, jitter_s=0.05, seed=seed)).go(), 10_000)
    log = whole[: random.Random(seed).randrange(6, len(whole))]
    there = continuation(log)
    log += log_of(Run(Source(seconds=5), Packager(video=True, audio=True, continuation=there)).go(), 10_000)
    segments: dict[str, list[int]] = {}
    for rendition in (VIDEO, AUDIO):
        parts = [said.headers for said in log if isinstance(said, Part) and said.rendition == rendition]
        for one, two in pairwise(parts):
            assert one.decode_time + one.duration == two.decode_time
            assert (two.segment, two.part) in {(one.segment, one.part + 1), (one.segment + 1, 0)}
        (first,) = (part for part in parts if part.discontinuity)
        assert first.part == 0
        assert first.init == 1
        segments[rendition] = [part.segment for part in parts if part.part == 0]
        assert parts[-1].stretch == 1
    assert segments[VIDEO] == segments[AUDIO]


def test_the_second_session_begins_with_the_same_segment_in_both_renditions_even_if_sound_was_behind() -> None:
    there = Continuation(
        segments={VIDEO: 3, AUDIO: 2},
        inits={VIDEO: 1, AUDIO: 1},
        ends={VIDEO: 15 * 90_000, AUDIO: round(14.2 * 48_000)},
        base_time_s=15,
        stretch=1,
    )
    run = Run(Source(seconds=3), Packager(video=True, audio=True, continuation=there)).go()
    parts = [said for _, said in run.out if isinstance(said, Part)]
    sound = [part.headers for part in parts if part.rendition == AUDIO]
    assert (sound[0].segment, sound[0].init, sound[0].decode_time) == (2, 0, round(14.2 * 48_000))
    begun = {part.rendition: part.headers.segment for part in reversed(parts) if part.headers.discontinuity}
    assert begun == {VIDEO: 3, AUDIO: 3}


def apart(run: Run, after: float) -> float:
    """How much later picture is shown than sound of the same moment, seconds, in the median."""
    shown: dict[str, list[float]] = {VIDEO: [], AUDIO: []}
    for _, said in run.out:
        if isinstance(said, Part):
            at = said.headers.decode_time
            for sample in fragment.read(said.data).samples:
                if sample.data != SILENCE:
                    (captured,) = struct.unpack(">d", sample.data[-8:])
                    if captured > after:
                        shown[said.rendition].append(at / said.headers.timescale - captured)
                at += sample.duration
    return median(shown[VIDEO]) - median(shown[AUDIO])


@pytest.mark.parametrize("jitter_s", [0, 0.03])
def test_by_arrival_alone_sound_and_picture_are_as_far_apart_as_their_ways(jitter_s: float) -> None:
    run = Run(Source(video_delay_s=0.04, jitter_s=jitter_s, pause=(5, 6))).go()
    assert apart(run, after=0) == pytest.approx(0.04, abs=0.025)


@pytest.mark.parametrize(("picture_s", "sound_s"), [(0.3, 0), (0.04, 0), (0, 0.3), (0.1, 0.1)])
def test_sender_reports_bring_them_together_at_the_next_border_and_for_good(picture_s: float, sound_s: float) -> None:
    source = Source(seconds=12, video_delay_s=picture_s, audio_delay_s=sound_s, jitter_s=0.01, pause=(8, 9))
    run = Run(source).align(1.2).go()
    assert abs(apart(run, after=4.5)) <= 0.011
    assert abs(apart(run, after=9.5)) <= 0.011


@pytest.mark.parametrize("stood_still_s", [1.0, 3.0])
def test_a_microphone_whose_clock_stood_still_comes_back_beside_the_picture(stood_still_s: float) -> None:
    source = Source(seconds=12, no_audio=(3, 3 + stood_still_s))
    run = Run(source).stop_clock(3 + stood_still_s, stood_still_s).go()
    assert abs(apart(run, after=6)) <= 0.05
