"""How do frames and packets become parts and segments? Both tracks on one time line, cut where video has key frames.

Pure: `now` is the monotonic clock in seconds, `wall_us` the wall clock in microseconds since 1970. Every call returns what
is to be published or asked for; `deadline` says when `tick` is due at the latest.

A new source session or the end of a pause begins a stretch: its first key frame, or after `VIDEO_PATIENCE_S` the first
packet of sound, is placed where the longest rendition ended. Pauses and outages take no time on the time line.
"""

from typing import Final

from media.audio_track import PATIENCE_S, SETTLE_S, AudioTrack
from media.samples import AudioPacket, Continuation, KeyFrameWanted, Output, Part, SenderReference, VideoFrame
from media.timeline import Timeline
from media.track import Stretch
from media.video_track import VideoTrack
from schemas.media import AUDIO_TIMESCALE, VIDEO_TIMESCALE

KEY_FRAME_RETRY_S: Final = 0.3
KEY_FRAME_LEAD_S: Final = 0.1  # asked for so long before a segment is full
STILL_LEAD_S: Final = 1.5  # a still screen answers with its next frame, a second later
STILL_INTERVAL_S: Final = 0.5
VIDEO_PATIENCE_S: Final = 3.0
SHORTEST_SEGMENT: Final = 0.75
SMALLEST_ALIGNMENT_S: Final = 0.002
LARGEST_ALIGNMENT_S: Final = 5.0


class Packager:
    """One source session of one recording. Owned by one task."""

    def __init__(
        self,
        *,
        video: bool,
        audio: bool,
        channels: int = 2,
        continuation: Continuation = Continuation(),  # noqa: B008  frozen
        part_s: float = 1 / 3,
        segment_s: float = 2.0,
    ) -> None:
        longest = 2 * segment_s - part_s if video else segment_s
        self._video = VideoTrack(part_s, continuation) if video else None
        self._audio = AudioTrack(part_s, continuation, channels, longest) if audio else None
        self._video_time = Timeline(VIDEO_TIMESCALE)
        self._audio_time = Timeline(AUDIO_TIMESCALE)
        self._segment_s = segment_s
        self._longest = round((2 * segment_s - part_s) * VIDEO_TIMESCALE)
        self._base_time_s = continuation.base_time_s
        self._next_stretch = continuation.stretch
        self._discontinuity = continuation.discontinuity
        self._stretch: Stretch | None = None
        self._started = 0.0  # monotonic, of the stretch's origin
        self._waiting_since: float | None = None
        self._asked = float("-inf")
        self._alignment = 0
        self._paused = False
        self._opened = False  # a segment of sound in this stretch
        self._audio_said = False  # the init of sound
        self._video_said = False  # the first segment of video

    # --- what comes in ------------------------------------------------------------------------------------------------

    def add_video(self, frame: VideoFrame, now: float, wall_us: int) -> list[Output]:
        """A frame in decoding order. Raises ValueError for a key frame with broken parameter sets."""
        video = self._video
        if self._paused or video is None:
            return []
        init = video.configure(frame) if frame.key_frame else None
        if not self._video_time.anchored and not (frame.key_frame and video.configured):
            return self._ask(now)
        stretch = self._stretch or self._begin(frame.arrived, wall_us)
        first = not self._video_time.anchored
        if first:
            self._video_time.anchor(frame.timestamp, self._here(frame.arrived, VIDEO_TIMESCALE), frame.arrived)
        ticks = max(self._video_time.ticks(frame.timestamp, frame.arrived), video.media_now(0) + 1)
        out: list[Output] = []
        if first or self._is_cut(video, frame, ticks, is_new_init=init is not None):
            out += self._cut(video, ticks, stretch, is_new_init=init is not None and not first)
        out += [init] if init else []
        out += video.add(frame, ticks, stretch)
        return out + self.tick(now, wall_us)

    def add_audio(self, packet: AudioPacket, now: float, wall_us: int) -> list[Output]:
        """An Opus packet; a little disorder is no harm."""
        audio = self._audio
        if self._paused or audio is None or not self._may_begin_with_sound(packet.arrived):
            return []
        stretch = self._stretch or self._begin(packet.arrived, wall_us)
        if not self._audio_time.anchored:
            self._audio_time.anchor(packet.timestamp, self._here(packet.arrived, AUDIO_TIMESCALE), packet.arrived)
        out = self._open_audio(audio)
        return out + audio.add(packet.data, self._audio_time.ticks(packet.timestamp, packet.arrived), stretch)

    def align(self, video: SenderReference, audio: SenderReference) -> None:
        """Correct the picture's place by the sender's own clock, at the next segment border."""
        if not (self._video_time.anchored and self._audio_time.anchored):
            return
        picture = self._video_time.at(video.timestamp) / VIDEO_TIMESCALE - video.sender_time_s
        sound = self._audio_time.at(audio.timestamp) / AUDIO_TIMESCALE - audio.sender_time_s
        if SMALLEST_ALIGNMENT_S <= abs(sound - picture) <= LARGEST_ALIGNMENT_S:
            self._alignment = round((sound - picture) * VIDEO_TIMESCALE)

    # --- time ---------------------------------------------------------------------------------------------------------

    def deadline(self) -> float | None:
        """Monotonic seconds at which `tick` is due; None while nothing is open."""
        if self._stretch is None:
            return None
        dues = [self._silence_due(), self._key_frame_due(), self._video.deadline() if self._video else None]
        return min((due for due in dues if due is not None), default=None)

    def tick(self, now: float, wall_us: int) -> list[Output]:  # noqa: ARG002  the clocks come together
        """Close what is full, fill what is missing, ask for what is due."""
        stretch, video = self._stretch, self._video
        if stretch is None:
            return []
        out: list[Output] = []
        due = video.deadline() if video else None
        if video and due is not None and due <= now:
            out += video.close_now(now, stretch)
        silence = self._silence_due()
        if self._audio and silence is not None and silence <= now:
            out += self._open_audio(self._audio)
            out += self._audio.fill(self._here(now - SETTLE_S, AUDIO_TIMESCALE), stretch)
        wanted = self._key_frame_due()
        if wanted is not None and wanted <= now:
            out += self._ask(now)
        return out

    # --- pause, resume, close -----------------------------------------------------------------------------------------

    def pause(self, now: float, wall_us: int) -> list[Output]:
        """Nothing that comes until `resume` is part of the recording."""
        out = [] if self._paused else self.close(now, wall_us)
        self._paused = True
        return out

    def resume(self, now: float, wall_us: int) -> list[Output]:  # noqa: ARG002
        """What comes from now on is the next stretch."""
        self._paused = False
        return self._ask(now) if self._video else []

    def close(self, now: float, wall_us: int) -> list[Output]:  # noqa: ARG002
        """Close both tracks, as nearly as possible at the same time; the stretch is over."""
        stretch, self._stretch = self._stretch, None
        self._video_time.forget()
        self._audio_time.forget()
        if stretch is None:
            return []
        out: list[Output] = []
        if self._video:
            out += self._video.close_now(now, stretch)
        if self._audio:
            if self._video and self._audio.init >= 0:
                out += self._audio.fill(round(self._video.end_s * AUDIO_TIMESCALE), stretch)
            out += self._audio.close(stretch)
        ends = [track.end_s for track in (self._video, self._audio) if track]
        self._base_time_s = max(self._base_time_s, *ends)
        self._waiting_since = None
        return out

    # --- inside -------------------------------------------------------------------------------------------------------

    def _begin(self, arrived: float, wall_us: int) -> Stretch:
        self._stretch = Stretch(self._next_stretch, self._base_time_s, wall_us)
        self._next_stretch += 1
        self._started = arrived
        self._opened = False
        for track in (self._video, self._audio):
            if track:
                track.begin_stretch(self._base_time_s)
        return self._stretch

    def _here(self, now: float, timescale: int) -> int:
        """The present on the time line, by arrival, ticks."""
        return round((self._base_time_s + max(0.0, now - self._started)) * timescale)

    def _may_begin_with_sound(self, arrived: float) -> bool:
        if self._stretch or self._video is None:
            return True
        if self._waiting_since is None:
            self._waiting_since = arrived
        return arrived - self._waiting_since > VIDEO_PATIENCE_S

    def _open_audio(self, audio: AudioTrack) -> list[Output]:
        """The first sound of a stretch opens a segment, the first of a session says how to decode it."""
        if self._opened:
            return []
        out: list[Output] = []
        is_new = not self._audio_said
        if is_new:
            self._audio_said = True
            out.append(audio.configure())
        audio.open_segment(discontinuity=is_new and self._discontinuity)
        self._opened = True
        return out

    def _is_cut(self, video: VideoTrack, frame: VideoFrame, ticks: int, *, is_new_init: bool) -> bool:
        length = ticks - video.segment_start
        if frame.key_frame and (is_new_init or length >= SHORTEST_SEGMENT * self._segment_s * VIDEO_TIMESCALE):
            return True
        return length + video.interval > self._longest

    def _cut(self, video: VideoTrack, ticks: int, stretch: Stretch, *, is_new_init: bool) -> list[Part]:
        """The frame at `ticks` begins a segment."""
        parts = video.close(ticks, stretch)
        discontinuity = is_new_init or (not self._video_said and self._discontinuity)
        video.open_segment(discontinuity=discontinuity)
        if self._audio and self._opened:
            self._audio.cut(ticks / VIDEO_TIMESCALE, discontinuity=is_new_init)
        self._video_said = True
        self._video_time.shift(self._alignment)
        self._alignment = 0
        self._asked = float("-inf")
        return parts

    def _ask(self, now: float) -> list[Output]:
        if now < self._asked + KEY_FRAME_RETRY_S:
            return []
        self._asked = now
        return [KeyFrameWanted()]

    def _key_frame_due(self) -> float | None:
        video = self._video
        if video is None or self._stretch is None:
            return None
        if not self._video_time.anchored:
            return self._asked + KEY_FRAME_RETRY_S
        lead = STILL_LEAD_S if video.interval > STILL_INTERVAL_S * VIDEO_TIMESCALE else KEY_FRAME_LEAD_S
        full = video.segment_start / VIDEO_TIMESCALE + self._segment_s - lead
        return max(self._started + full - self._base_time_s, self._asked + KEY_FRAME_RETRY_S)

    def _silence_due(self) -> float | None:
        audio = self._audio
        if audio is None or self._stretch is None:
            return None
        return self._started + audio.head / AUDIO_TIMESCALE - self._base_time_s + PATIENCE_S
