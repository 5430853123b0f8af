"""Frames and packets become parts that follow each other without a hole, in segments that begin with key frames."""

import io
import itertools
from collections.abc import Iterable

import av
import pytest

from media.cmaf import fragment
from media.packager import Packager
from media.samples import AudioPacket, Continuation, Init, KeyFrameWanted, Output, Part, SenderReference, VideoFrame
from schemas.media import AUDIO, VIDEO
from tests.media.encoded import audio, in_order, video

WALL = 1_800_000_000_000_000
TARGET_S = 0.334


class Run:
    """Drives a packager as the gateway does: samples at their time, ticks when they are due."""

    def __init__(self, packager: Packager) -> None:
        self.packager = packager
        self.out: list[Output] = []

    def feed(self, samples: Iterable[VideoFrame | AudioPacket]) -> "Run":
        for sample in samples:
            self.until(sample.arrived)
            add = self.packager.add_video if isinstance(sample, VideoFrame) else self.packager.add_audio
            self.out += add(sample, sample.arrived, _wall(sample.arrived))  # type: ignore[arg-type]
        return self

    def until(self, now: float) -> None:
        for _ in range(10_000):
            due = self.packager.deadline()
            if due is None or due >= now:
                return
            self.out += self.packager.tick(due, _wall(due))
        raise AssertionError("the packager never stops asking for ticks")

    def close(self, now: float) -> "Run":
        self.until(now)
        self.out += self.packager.close(now, _wall(now))
        return self

    def parts(self, rendition: str) -> list[Part]:
        return [o for o in self.out if isinstance(o, Part) and o.rendition == rendition]

    def file(self, rendition: str) -> bytes:
        return b"".join(o.data for o in self.out if isinstance(o, Init | Part) and o.rendition == rendition)


def _wall(now: float) -> int:
    return WALL + round(now * 1e6)


def check(parts: list[Part]) -> None:
    """What every reader relies on."""
    for before, after in itertools.pairwise(parts):
        one, two = before.headers, after.headers
        assert one.decode_time + one.duration == two.decode_time
        assert (two.segment, two.part) in {(one.segment, one.part + 1), (one.segment + 1, 0)}
    for part in parts:
        read = fragment.read(part.data)
        assert read.decode_time == part.headers.decode_time
        assert sum(sample.duration for sample in read.samples) == part.headers.duration
        assert all(sample.duration > 0 for sample in read.samples)


def longest(parts: list[Part]) -> float:
    return max(part.headers.duration / part.headers.timescale for part in parts)


def seconds(parts: list[Part]) -> float:
    return sum(part.headers.duration for part in parts) / parts[0].headers.timescale


@pytest.mark.parametrize("fps", [10, 15, 20, 25, 30, 60])
def test_frames_at_a_steady_rate_fill_parts_of_a_third_of_a_second(fps: int) -> None:
    run = Run(Packager(video=True, audio=True)).feed(in_order(video(8, fps, keys=2 * fps), audio(8))).close(8.0)
    pictures, sound = run.parts(VIDEO), run.parts(AUDIO)
    check(pictures)
    check(sound)
    assert longest(pictures + sound) <= TARGET_S
    assert seconds(pictures) == pytest.approx(8.0, abs=1.5 / fps)
    assert seconds(sound) == pytest.approx(seconds(pictures), abs=0.05)
    full = [p for p, q in itertools.pairwise(pictures) if q.headers.part > 0]
    assert all(p.headers.duration / 90_000 >= 0.85 * TARGET_S for p in full if not p.headers.independent)
    assert [p.headers.segment for p in pictures if p.headers.independent] == [0, 1, 2, 3]
    assert all(p.headers.part == 0 for p in pictures if p.headers.independent)


def test_segments_of_sound_and_picture_begin_together() -> None:
    run = Run(Packager(video=True, audio=True)).feed(in_order(video(8), audio(8))).close(8.0)
    begins = [
        {p.headers.segment: p.headers.decode_time / p.headers.timescale for p in run.parts(r) if p.headers.part == 0}
        for r in (VIDEO, AUDIO)
    ]
    assert begins[0].keys() == begins[1].keys()
    assert all(abs(begins[0][n] - begins[1][n]) <= 0.03 for n in begins[0])


def test_a_stranger_decodes_every_frame() -> None:
    run = Run(Packager(video=True, audio=True)).feed(in_order(video(5), audio(5))).close(5.0)
    with av.open(io.BytesIO(run.file(VIDEO))) as file:
        assert (file.streams.video[0].width, file.streams.video[0].height) == (320, 180)
        assert sum(1 for _ in file.decode(video=0)) == 150
    with av.open(io.BytesIO(run.file(AUDIO))) as file:
        assert sum(frame.samples for frame in file.decode(audio=0)) == pytest.approx(5 * 48_000, abs=2000)


def test_nothing_is_said_before_the_first_key_frame_but_that_one_is_wanted() -> None:
    frames = video(2, keys=30)
    run = Run(Packager(video=True, audio=False)).feed(frames[1:30])
    assert run.out and all(isinstance(o, KeyFrameWanted) for o in run.out)
    assert len(run.out) <= 4
    run.feed(frames[30:])
    assert run.parts(VIDEO)[0].headers.independent


def test_a_key_frame_is_asked_for_when_a_segment_is_full_and_cut_without_one_in_the_end() -> None:
    run = Run(Packager(video=True, audio=True)).feed(in_order(video(9, keys=900), audio(9))).close(9.0)
    assert any(isinstance(o, KeyFrameWanted) for o in run.out)
    check(run.parts(VIDEO))
    lengths: dict[int, float] = {}
    for part in run.parts(VIDEO):
        lengths[part.headers.segment] = lengths.get(part.headers.segment, 0) + part.headers.duration / 90_000
    assert len(lengths) > 1
    assert max(lengths.values()) <= 4.0


@pytest.mark.parametrize("sound", [[], audio(0.5)])
def test_a_missing_microphone_is_silence_that_keeps_pace(sound: list[AudioPacket]) -> None:
    run = Run(Packager(video=True, audio=True)).feed(in_order(video(6), sound)).close(6.0)
    check(run.parts(AUDIO))
    assert seconds(run.parts(AUDIO)) == pytest.approx(6.0, abs=0.6)
    assert longest(run.parts(AUDIO)) <= TARGET_S


def test_lost_packets_leave_no_hole() -> None:
    kept = [packet for n, packet in enumerate(audio(6)) if n % 7 and n % 11]
    run = Run(Packager(video=True, audio=True)).feed(in_order(video(6), kept)).close(6.0)
    check(run.parts(AUDIO))
    assert seconds(run.parts(AUDIO)) == pytest.approx(6.0, abs=0.05)


def test_sound_alone_is_cut_by_time() -> None:
    run = Run(Packager(video=False, audio=True)).feed(audio(6)).close(6.0)
    check(run.parts(AUDIO))
    assert run.parts(AUDIO)[-1].headers.segment == 2 or run.parts(AUDIO)[-1].headers.segment == 3


def test_a_still_screen_keeps_pace_with_the_clock() -> None:
    frames = [f for n, f in enumerate(video(8, 10, keys=20)) if n % 10 == 0]
    run = Run(Packager(video=True, audio=False)).feed(frames).close(8.0)
    check(run.parts(VIDEO))
    assert seconds(run.parts(VIDEO)) >= 7.0
    assert longest(run.parts(VIDEO)) <= TARGET_S


def test_frames_that_come_late_now_and_then_make_no_part_longer_than_the_target() -> None:
    frames = [f for n, f in enumerate(video(9, keys=60)) if n % 37 < 17 or n % 60 == 0]
    run = Run(Packager(video=True, audio=True)).feed(in_order(frames, audio(9))).close(9.0)
    check(run.parts(VIDEO))
    assert longest(run.parts(VIDEO)) <= TARGET_S
    assert seconds(run.parts(VIDEO)) == pytest.approx(9.0, abs=0.7)


def test_a_pause_takes_no_time_but_the_program_date_jumps() -> None:
    frames, packets = video(9, keys=30), audio(9)
    run = Run(Packager(video=True, audio=True))
    run.feed(s for s in in_order(frames, packets) if s.arrived < 3)
    run.out += run.packager.pause(3.0, _wall(3.0))
    run.feed(s for s in in_order(frames, packets) if 3 <= s.arrived < 6)
    run.out += run.packager.resume(6.0, _wall(6.0))
    run.feed(s for s in in_order(frames, packets) if s.arrived >= 6).close(9.0)
    for rendition in (VIDEO, AUDIO):
        parts = run.parts(rendition)
        check(parts)
        assert seconds(parts) == pytest.approx(6.0, abs=0.06)
        assert {p.headers.stretch for p in parts} == {0, 1}
        resumed = next(p for p in parts if p.headers.stretch == 1)
        assert resumed.headers.part == 0
        assert not resumed.headers.discontinuity
        expected = (resumed.headers.decode_time / resumed.headers.timescale - 10 + 3) * 1e6
        assert resumed.headers.program_time_us - WALL == pytest.approx(expected, abs=100_000)


def test_a_second_session_goes_on_behind_the_first() -> None:
    first = Run(Packager(video=True, audio=True)).feed(in_order(video(3), audio(3))).close(3.0)
    last = {r: first.parts(r)[-1].headers for r in (VIDEO, AUDIO)}
    ends = {r: h.decode_time + h.duration for r, h in last.items()}
    there = Continuation(
        segments={r: h.segment + 1 for r, h in last.items()},
        inits={r: h.init + 1 for r, h in last.items()},
        ends=ends,
        base_time_s=max(ends[VIDEO] / 90_000, ends[AUDIO] / 48_000),
        stretch=1,
    )
    second = Run(Packager(video=True, audio=True, continuation=there)).feed(in_order(video(3), audio(3))).close(3.0)
    for rendition in (VIDEO, AUDIO):
        check(first.parts(rendition) + second.parts(rendition))
        begin = second.parts(rendition)[0].headers
        assert (begin.discontinuity, begin.stretch, begin.init) == (True, 1, 1)


def test_a_new_size_is_a_new_init_and_a_discontinuity_in_both_renditions() -> None:
    small, large = video(3, keys=300), video(3, size=(640, 360), keys=300)
    moved = [VideoFrame(f.nal_units, f.timestamp + 3 * 90_000, f.arrived + 3, f.key_frame) for f in large]
    run = Run(Packager(video=True, audio=True)).feed(in_order(small, moved, audio(6))).close(6.0)
    inits = [o.headers for o in run.out if isinstance(o, Init) and o.rendition == VIDEO]
    assert [(i.number, i.width, i.height) for i in inits] == [(0, 320, 180), (1, 640, 360)]
    for rendition in (VIDEO, AUDIO):
        check(run.parts(rendition))
        assert sum(p.headers.discontinuity for p in run.parts(rendition)) == 1


def test_sender_reports_move_the_picture_at_the_next_border() -> None:
    run = Run(Packager(video=True, audio=True))
    samples = list(in_order(video(6), audio(6)))
    run.feed(samples[:40])
    run.packager.align(SenderReference(5_000_000, 100.0), SenderReference(77_000, 99.962))
    run.feed(samples[40:]).close(6.0)
    check(run.parts(VIDEO))
    assert seconds(run.parts(VIDEO)) == pytest.approx(6.0 + 0.038, abs=0.04)


def test_a_sender_whose_clock_jumps_is_anchored_anew() -> None:
    frames = [
        VideoFrame(f.nal_units, f.timestamp + (90_000 * 3600 if f.arrived > 3 else 0), f.arrived, f.key_frame)
        for f in video(6)
    ]
    run = Run(Packager(video=True, audio=False)).feed(frames).close(6.0)
    check(run.parts(VIDEO))
    assert seconds(run.parts(VIDEO)) == pytest.approx(6.0, abs=0.1)
