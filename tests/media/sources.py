"""Sources with all the vices of a network, in values: what a browser might send, and what it does when asked."""

import random
import struct
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from msgspec import Struct

from media.h264.nal_unit import PPS, SPS, kind
from media.packager import Packager
from media.samples import AudioPacket, KeyFrameWanted, Output, SenderReference, VideoFrame
from tests.media.encoded import video

WALL: Final = 1_800_000_000_000_000
PACKET_S: Final = 0.02


class Source(Struct, frozen=True):
    """Times in seconds; a gap is a span in which nothing is captured."""

    fps: float = 30
    seconds: float = 10
    video: bool = True
    audio: bool = True
    audio_delay_s: float = 0
    jitter_s: float = 0
    video_delay_s: float = 0
    lost_frames: float = 0
    lost_packets: float = 0
    no_video: tuple[float, float] = (0, 0)
    no_audio: tuple[float, float] = (0, 0)
    pause: tuple[float, float] = (0, 0)
    resized_at: float = float("inf")
    answer_after_s: float = 0.05  # a key frame follows the wish for one
    answers: bool = True
    seed: int = 0


class _Event(Struct, frozen=True, order=True):
    arrived: float
    what: str
    captured: float


class Run:
    """Drives a packager as the gateway does and keeps what came out, with its time."""

    def __init__(self, source: Source, packager: Packager | None = None) -> None:
        self.source = source
        self.packager = packager or Packager(video=source.video, audio=source.audio)
        self.out: list[tuple[float, Output]] = []
        self.overdue: list[float] = []
        self._key_frames = [0.0]
        self._size = 0
        self.aligned_at = float("inf")
        self._stopped = (float("inf"), 0.0)

    def stop_clock(self, until: float, seconds: float) -> "Run":
        """The sound's timestamps do not know of the time before, as when a track was taken out for a while."""
        self._stopped = until, seconds
        return self

    def align(self, at: float) -> "Run":
        """At that time the sender's reports are known; both of its clocks begin with the first capture."""
        self.aligned_at = at
        return self

    def go(self) -> "Run":
        events = sorted(_events(self.source))
        for event in events:
            self._until(event.arrived)
            if event.arrived >= self.aligned_at:
                self.packager.align(SenderReference(5_000_000, 0.0), SenderReference(77_000, 0.0))
                self.aligned_at = float("inf")
            self._take(event.arrived, self._happen(event))
        end = max(self.source.seconds, events[-1].arrived if events else 0)
        self._until(end)
        self._take(end, self.packager.close(end, _wall(end)))
        return self

    def _happen(self, event: _Event) -> list[Output]:
        now, wall = event.arrived, _wall(event.arrived)
        match event.what:
            case "video":
                return self.packager.add_video(self._frame(event), now, wall)
            case "audio":
                clock = event.captured - (self._stopped[1] if event.captured >= self._stopped[0] else 0)
                packet = AudioPacket(b"\xfc" + stamp(event.captured), round(clock * 48_000) + 77_000, now)
                return self.packager.add_audio(packet, now, wall)
            case "pause":
                return self.packager.pause(now, wall)
            case _:
                return self.packager.resume(now, wall)

    def _frame(self, event: _Event) -> VideoFrame:
        size = int(event.captured >= self.source.resized_at)
        is_key = size != self._size or any(asked <= event.captured for asked in self._key_frames)
        self._size = size
        if is_key:
            self._key_frames = [asked for asked in self._key_frames if asked > event.captured]
        units = (
            (*parameter_sets(size), b"\x65" + stamp(event.captured)) if is_key else (b"\x41" + stamp(event.captured),)
        )
        return VideoFrame(units, round(event.captured * 90_000) + 5_000_000, event.arrived, is_key)

    def _take(self, now: float, out: list[Output]) -> None:
        for said in out:
            if isinstance(said, KeyFrameWanted) and self.source.answers:
                self._key_frames.append(now + self.source.answer_after_s)
        self.out += [(now, said) for said in out]

    def _until(self, now: float) -> None:
        at = 0.0
        for _ in range(1000):
            due = self.packager.deadline()
            if due is None or due >= now:
                return
            at = max(at, due)
            self._take(at, self.packager.tick(at, _wall(at)))
            after = self.packager.deadline()
            if after is not None and after <= due:
                self.overdue.append(due)
                return
        self.overdue.append(now)


def stamp(captured: float) -> bytes:
    """Content that says when it was captured."""
    return struct.pack(">d", captured)


@cache
def parameter_sets(size: int) -> tuple[bytes, ...]:
    frame = video(0.1, size=(320, 180) if size == 0 else (640, 360))[0]
    return tuple(unit for unit in frame.nal_units if kind(unit) in (SPS, PPS))


def _events(source: Source) -> Iterator[_Event]:
    dice = random.Random(source.seed)
    if source.video:
        times = _times(source.seconds, 1 / source.fps, source.no_video, source.lost_frames, dice)
        yield from _arrivals("video", times, source.video_delay_s, source.jitter_s, dice)
    if source.audio:
        times = _times(source.seconds, PACKET_S, source.no_audio, source.lost_packets, dice)
        yield from _arrivals("audio", times, source.audio_delay_s, source.jitter_s / 3, dice)
    if source.pause[1]:
        yield _Event(source.pause[0], "pause", 0)
        yield _Event(source.pause[1], "resume", 0)


def _times(seconds: float, step: float, gap: tuple[float, float], loss: float, dice: random.Random) -> Iterator[float]:
    for number in range(round(seconds / step)):
        if not gap[0] <= number * step < gap[1] and dice.random() >= loss:
            yield number * step


def _arrivals(what: str, times: Iterable[float], delay: float, jitter: float, dice: random.Random) -> Iterator[_Event]:
    last = 0.0
    for captured in times:
        last = max(last + 1e-6, captured + delay + dice.random() * jitter)
        yield _Event(last, what, captured)


def _wall(now: float) -> int:
    return WALL + round(now * 1e6)
