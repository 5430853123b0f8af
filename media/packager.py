"""How do frames and packets become parts and segments? Both tracks on one time line, cut where video has key frames.

Pure: `now` is the monotonic clock in seconds, `wall_us` the wall clock in microseconds since 1970. Every call returns
what is to be published or asked for; `deadline` says when `tick` is due at the latest.

A new source session or the end of a pause begins a stretch: its first key frame, or after `VIDEO_PATIENCE_S` the first
packet of sound, is placed where the longest rendition ended. Pauses and outages take no time on the time line.

Sound and picture are laid beside each other by the shortest way each took here, once the first part of video is there;
sender reports then correct the picture at the next border. Sound is held back until video has got as far: players need
both, and so both are cut in the same places. Neither can hold up the other: for missing sound there is silence
(`AudioTrack`), for missing frames the last picture stands (`VideoTrack.repeat`).
"""

from collections import deque
from typing import Final

from media.audio_track import AudioTrack
from media.samples import AudioPacket, Continuation, KeyFrameWanted, Output, Part, SenderReference, VideoFrame
from media.splice import Splice
from media.timeline import Timeline, Transit
from media.track import Stretch
from media.video_track import VideoTrack
from schemas.media import AUDIO_TIMESCALE, VIDEO_TIMESCALE

KEY_FRAME_RETRY_S: Final = 0.3
KEY_FRAME_LEAD_S: Final = 0.1  # asked for so long before a segment is full
STILL_LEAD_S: Final = 0.6  # few frames: the next one answers, and may be long in coming
STILL_INTERVAL: Final = VIDEO_TIMESCALE // 5
VIDEO_PATIENCE_S: Final = 3.0
SOUND_PATIENCE_S: Final = 0.5
SPLICED_S: Final = 1.0  # what is missing for longer than this takes no time, as any outage
STAND_AFTER_S: Final = 1.5  # longer than a large key frame is under way
OUTAGE_S: Final = 5.0  # nothing at all for so long is the end of a stretch
TIMER_SLACK_S: Final = 0.06  # a frame that is just coming closes the part more exactly than the timer
SMALLEST_ALIGNMENT_S: Final = 0.002
LARGEST_ALIGNMENT_S: Final = 5.0
WORTH_REPEATING: Final = VIDEO_TIMESCALE // 10
PACKETS_WAITING: Final = 500


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
        patience_s: float | None = None,
        splice: Splice | None = None,
    ) -> None:
        """`splice` is where the first stretch is placed.

        `patience_s` is how late sound or picture may be behind the other; without it each has its own.
        """
        self._video = VideoTrack(part_s, segment_s, continuation) if video else None
        self._audio = AudioTrack(part_s, segment_s, continuation, channels) if audio else None
        self._tracks = [track for track in (self._video, self._audio) if track]
        self._video_time = Timeline(VIDEO_TIMESCALE)
        self._audio_time = Timeline(AUDIO_TIMESCALE)
        self._segment_s = segment_s
        self._sound_patience_s = patience_s or SOUND_PATIENCE_S
        self._stand_after_s = patience_s or STAND_AFTER_S
        self._video_patience_s = patience_s or VIDEO_PATIENCE_S
        self._splice = splice
        self._base_time_s = continuation.base_time_s
        self._next_stretch = continuation.stretch
        self._discontinuity = continuation.discontinuity  # of the next segment that is opened
        self._stretch: Stretch | None = None
        self._transit = Transit(0.0, 0.0)
        self._early: deque[AudioPacket] = deque(maxlen=PACKETS_WAITING)  # sound that has no place yet
        self._references: tuple[SenderReference, SenderReference] | None = None
        self._alignment = 0
        self._asked: float | None = None
        self._arrived = 0.0  # of the last sample
        self._sound_arrived = 0.0
        self._is_silent = False
        self._paused = False
        self._is_sound_configured = False

    @property
    def is_paused(self) -> bool:
        """Between `pause` and `resume`."""
        return self._paused

    # --- what comes in ------------------------------------------------------------------------------------------------

    def add_video(self, frame: VideoFrame, now: float, wall_us: int) -> list[Output]:
        """A frame in decoding order. Raises ValueError for a key frame with broken parameter sets."""
        video = self._video
        if self._paused or video is None:
            return []
        out: list[Output] = self._after_outage(frame.arrived, now, wall_us)
        init = video.configure(frame) if frame.key_frame else None
        if not (frame.key_frame and video.configured) and (video.is_broken or not self._video_time.anchored):
            return out + self._ask(now)
        if self._stretch is None:
            out += self._begin(frame.arrived, wall_us - round((now - frame.arrived) * 1e6))
        stretch = self._stretch
        assert stretch is not None
        is_first = not self._video_time.anchored
        if is_first:
            out += self._begin_video(video, frame, stretch)
        ticks = self._video_time.ticks(frame.timestamp, frame.arrived)
        self._transit.see(ticks / VIDEO_TIMESCALE, frame.arrived)
        if ticks - video.frontier > STAND_AFTER_S * VIDEO_TIMESCALE:
            out += video.repeat(ticks, stretch)
        if init:
            out.append(init)
            self._discontinuity |= video.init >= 0
        is_new = is_first or init is not None
        out += video.add(frame, ticks, stretch, cut=is_new, discontinuity=self._discontinuity)
        return out + self._follow(video, now, stretch)

    def add_audio(self, packet: AudioPacket, now: float, wall_us: int) -> list[Output]:
        """An Opus packet; a little disorder is no harm."""
        audio = self._audio
        if self._paused or audio is None:
            return []
        out: list[Output] = self._after_outage(packet.arrived, now, wall_us)
        if not self._audio_time.anchored:
            self._early.append(packet)
            return out + self._place_early(now, wall_us)
        self._sound(audio, packet)
        stretch = self._stretch
        if stretch:
            out += self._let_picture_stand(stretch)
            out += self._release(stretch)
        return out

    def align(self, video: SenderReference, audio: SenderReference) -> None:
        """Correct the picture's place by the sender's own clock, at the next segment border."""
        self._references = video, audio
        if not (self._video_time.anchored and self._audio_time.anchored):
            return
        picture = self._video_time.at(video.timestamp) / VIDEO_TIMESCALE - video.sender_time_s
        sound = self._audio_time.at(audio.timestamp) / AUDIO_TIMESCALE - audio.sender_time_s
        if SMALLEST_ALIGNMENT_S <= abs(sound - picture) <= LARGEST_ALIGNMENT_S:
            self._alignment = round((sound - picture) * VIDEO_TIMESCALE)

    @property
    def needs_key_frame(self) -> bool:
        """Whether a frame that is none would be dropped."""
        return self._video is not None and (self._video.is_broken or not self._video_time.anchored)

    # --- time ---------------------------------------------------------------------------------------------------------

    def deadline(self) -> float | None:
        """Monotonic seconds at which `tick` is due (it may be past); None while nothing is to be done."""
        if self._paused:
            return None
        dues = (self._key_frame_due(), self._part_due(), self._silence_due(), self._sound_alone_due())
        return min((due for due in dues if due is not None), default=None)

    def tick(self, now: float, wall_us: int) -> list[Output]:
        """Close what is full, fill what is missing, ask for what is due."""
        if self._paused:
            return []
        out: list[Output] = self._place_early(now, wall_us)
        video, stretch = self._video, self._stretch
        if video is None:
            return out
        if stretch is None:
            return out + self._ask(now)
        due = self._part_due()
        if due is not None and due <= now and video.due is not None:
            out += video.close(video.due, stretch)
        return out + self._follow(video, now, stretch)

    # --- pause, resume, close -----------------------------------------------------------------------------------------

    def pause(self, now: float, wall_us: int) -> list[Output]:
        """Nothing that comes until `resume` is part of the recording."""
        out = [] if self._paused else self.close(now, wall_us)
        self._paused = True
        return out

    def resume(self, now: float, wall_us: int) -> list[Output]:
        """What comes from now on is the next stretch."""
        self._paused = False
        self._asked = None
        return self._ask(now)

    def close(self, now: float, wall_us: int, *, fill: bool = True) -> list[Output]:
        """Close both tracks at the same time, to the packet; the stretch is over.

        Without `fill` sound that is missing at the end stays so: whoever goes on has it.
        """
        out = self._place_early(now, wall_us, at_once=True)
        stretch = self._stretch
        if stretch:
            if self._video and self._video_time.anchored:
                out += self._end_video(self._video, now, stretch, fill=fill)
            if self._audio:
                out += self._audio.close(stretch)
            self._base_time_s = max(self._base_time_s, *(track.end_s for track in self._tracks))
        self._stretch = None
        self._video_time.forget()
        self._audio_time.forget()
        self._early.clear()
        self._asked = None
        self._alignment = 0
        return out

    # --- stretches ----------------------------------------------------------------------------------------------------

    def _begin(self, arrived: float, wall_us: int) -> list[Output]:
        """A stretch begins with the sample that arrived then."""
        splice, self._splice = self._splice, None
        if splice:
            place_s = splice.time_s + arrived - splice.source_s
            if abs(place_s - self._base_time_s) <= SPLICED_S:
                self._base_time_s = place_s
        stretch = self._stretch = Stretch(self._next_stretch, self._base_time_s, wall_us)
        self._next_stretch += 1
        self._transit = Transit(arrived - self._base_time_s, arrived)
        self._arrived = arrived
        self._sound_arrived = max(self._sound_arrived, arrived)
        self._is_silent = False
        segment = max(track.segment for track in self._tracks) + 1
        for track in self._tracks:
            track.begin_stretch(self._base_time_s)
        out: list[Output] = []
        if self._video:
            self._video.skip(segment - 1)
        if self._audio:
            out += self._audio.catch_up(segment, stretch)
            if not self._is_sound_configured:
                self._is_sound_configured = True
                out.append(self._audio.configure())
        return out

    def _begin_video(self, video: VideoTrack, frame: VideoFrame, stretch: Stretch) -> list[Output]:
        """The first frame of a stretch is where the stretch begins, or where sound has got to."""
        out: list[Output] = []
        time_s = self._base_time_s
        if self._audio and self._audio_time.anchored:
            time_s = self._audio.tail / AUDIO_TIMESCALE
            out += video.join(_as_picture(self._audio.tail), self._audio.segment, stretch)
            video.borders()  # sound has had them
        self._video_time.anchor(frame.timestamp, round(time_s * VIDEO_TIMESCALE), frame.arrived)
        return out

    def _after_outage(self, arrived: float, now: float, wall_us: int) -> list[Output]:
        before, self._arrived = self._arrived, arrived
        if self._stretch and arrived - before > OUTAGE_S:
            return self.close(before, wall_us - round((now - before) * 1e6))
        return []

    def _end_video(self, video: VideoTrack, now: float, stretch: Stretch, *, fill: bool) -> list[Output]:
        """The last frame lasts as long as sound does, but for what does not end within a part."""
        end = video.expected_end
        if self._audio and fill:
            self._audio.fill(_as_sound(end))
            end = _as_picture(self._audio.tail)
        elif not self._audio:
            here = round((now - self._transit.seconds) * VIDEO_TIMESCALE)
            end = max(end, min(here, end + VIDEO_TIMESCALE))
        out: list[Output] = [*video.close(end, stretch)]
        if end - video.end > WORTH_REPEATING:
            out += video.repeat(end, stretch)
        if self._audio:
            self._audio.trim(_as_sound(video.end))
        self._take_borders(video)
        return out

    # --- sound beside picture -----------------------------------------------------------------------------------------

    def _follow(self, video: VideoTrack, now: float, stretch: Stretch) -> list[Output]:
        """Whatever picture has done: sound follows, key frames are asked for."""
        self._take_borders(video)
        out: list[Output] = []
        if self._audio:
            out += self._place_early(now, 0)
            self._fill_silence(video, self._audio, now)
            out += self._release(stretch)
        return out + self._ask(now)

    def _take_borders(self, video: VideoTrack) -> None:
        for border in video.borders():
            if self._audio:
                self._audio.cut(_as_sound(border.ticks), discontinuity=border.discontinuity)
            self._discontinuity = False
            self._asked = None
            self._video_time.shift(self._alignment)
            self._alignment = 0

    def _release(self, stretch: Stretch) -> list[Part]:
        """Let sound go as far as picture has got."""
        if self._audio is None:
            return []
        has_picture = self._video and self._video_time.anchored
        frontier = _as_sound(self._video.frontier) if self._video and has_picture else None
        return self._audio.advance(frontier, stretch)

    def _let_picture_stand(self, stretch: Stretch) -> list[Output]:
        """Sound goes on and no frame comes."""
        video, audio = self._video, self._audio
        if video is None or audio is None or not self._video_time.anchored or video.due is not None:
            return []
        until = _as_picture(audio.tail)
        if until - video.end < self._stand_after_s * VIDEO_TIMESCALE:
            return []
        out: list[Output] = [*video.repeat(until, stretch)]
        self._take_borders(video)
        return out

    def _place_early(self, now: float, wall_us: int, *, at_once: bool = False) -> list[Output]:
        """Sound that came before it had a place gets it, once the shortest way of picture is known."""
        audio, video = self._audio, self._video
        if audio is None or not self._early or self._audio_time.anchored:
            return []
        first = self._early[0]
        raw = min(packet.arrived - packet.timestamp / AUDIO_TIMESCALE for packet in self._early)
        out: list[Output] = []
        if self._stretch is None:
            due = self._sound_alone_due()
            if video and (due is None or due > now):
                return []
            out += self._begin(first.arrived, wall_us - round((now - first.arrived) * 1e6))
            self._transit = Transit(raw + first.timestamp / AUDIO_TIMESCALE - self._base_time_s, first.arrived)
            audio.cut(audio.end, discontinuity=self._discontinuity)
            self._discontinuity = False
        elif video and video.end_s <= self._stretch.origin_s and not at_once:
            return []
        place = first.timestamp + round((raw - self._transit.seconds) * AUDIO_TIMESCALE)
        self._audio_time.anchor(first.timestamp, self._by_references(first.timestamp, place), first.arrived)
        for packet in self._early:
            self._sound(audio, packet)
        self._early.clear()
        return out + (self._release(self._stretch) if self._stretch else [])

    def _by_references(self, timestamp: int, place: int) -> int:
        """The place of a packet by the sender's clock, when it is known and not far from that by arrival."""
        if self._references is None or not self._video_time.anchored:
            return place
        video, audio = self._references
        picture = self._video_time.at(video.timestamp) / VIDEO_TIMESCALE - video.sender_time_s
        better = round((picture + audio.sender_time_s) * AUDIO_TIMESCALE) + timestamp - audio.timestamp
        return better if abs(better - place) < AUDIO_TIMESCALE else place

    def _sound(self, audio: AudioTrack, packet: AudioPacket) -> None:
        ticks = self._audio_time.ticks(packet.timestamp, packet.arrived)
        placed = audio.add(packet.data, ticks, packet.arrived, packet.origin)
        if placed is None:
            return  # silence has its place, and goes on if there is nothing but such packets
        self._audio_time.shift(placed - ticks)
        self._sound_arrived = packet.arrived
        self._is_silent = False
        if not (self._video and self._video_time.anchored):
            self._transit.see(self._audio_time.at(packet.timestamp) / AUDIO_TIMESCALE, packet.arrived)

    def _fill_silence(self, video: VideoTrack, audio: AudioTrack, now: float) -> None:
        due = self._silence_due()
        if self._is_silent or (due is not None and due <= now):
            self._is_silent = True
            audio.fill(_as_sound(video.frontier))

    # --- what is due --------------------------------------------------------------------------------------------------

    def _ask(self, now: float) -> list[Output]:
        due = self._key_frame_due()
        if due is None or due > now:
            return []
        self._asked = now
        return [KeyFrameWanted()]

    def _key_frame_due(self) -> float | None:
        video = self._video
        if video is None:
            return None
        again = 0.0 if self._asked is None else self._asked + KEY_FRAME_RETRY_S
        if not self._video_time.anchored or video.is_broken:
            return again
        lead = STILL_LEAD_S if video.interval >= STILL_INTERVAL else KEY_FRAME_LEAD_S
        full = video.segment_start / VIDEO_TIMESCALE + self._segment_s - lead
        return max(full + self._transit.seconds, again)

    def _part_due(self) -> float | None:
        due = self._video.due if self._video else None
        return None if due is None else due / VIDEO_TIMESCALE + self._transit.seconds + TIMER_SLACK_S

    def _silence_due(self) -> float | None:
        video, audio = self._video, self._audio
        if audio is None or video is None or self._is_silent or not self._video_time.anchored:
            return None
        return self._sound_arrived + self._sound_patience_s if audio.tail < _as_sound(video.frontier) else None

    def _sound_alone_due(self) -> float | None:
        if self._stretch or not self._early or self._video is None:
            return None
        return self._early[0].arrived + self._video_patience_s


def _as_sound(ticks: int) -> int:
    return ticks * AUDIO_TIMESCALE // VIDEO_TIMESCALE


def _as_picture(ticks: int) -> int:
    return ticks * VIDEO_TIMESCALE // AUDIO_TIMESCALE
