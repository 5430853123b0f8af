"""How does sound keep pace? Opus packets follow each other without a hole; what is missing is silence.

A lost packet, DTX, a muted or missing microphone: silence of 20 ms a packet fills the gap, so that players never wait for
sound. A packet that comes after its place was filled is dropped.
"""

from collections import deque
from typing import Final

from media.audio import opus
from media.cmaf import init
from media.cmaf.fragment import Sample
from media.samples import Continuation, Init, Part
from media.track import Stretch, Track
from schemas.media import AUDIO, AUDIO_TIMESCALE, InitHeaders

PATIENCE_S: Final = 0.5  # so long a packet may be late
SETTLE_S: Final = 0.2  # silence is made up to here behind the present, for what is still on its way


class AudioTrack(Track):
    """The `audio` rendition: Opus as it came."""

    def __init__(self, part_s: float, continuation: Continuation, channels: int, longest_segment_s: float) -> None:
        super().__init__(AUDIO, AUDIO_TIMESCALE, part_s, continuation)
        self._channels = channels
        self._longest = round(longest_segment_s * AUDIO_TIMESCALE)
        self._open: list[Sample] = []
        self._open_ticks = 0
        self._cuts: deque[tuple[int, bool]] = deque()

    def configure(self) -> Init:
        """The init segment; said once a session."""
        self.init += 1
        headers = InitHeaders(self.init, "opus", AUDIO_TIMESCALE, channels=self._channels)
        return Init(AUDIO, headers, init.opus(self._channels))

    @property
    def head(self) -> int:
        """Behind the last packet, ticks; `end` is behind the last part."""
        return self.end + self._open_ticks

    def cut(self, time_s: float, *, discontinuity: bool) -> None:
        """A segment of the other track begins at `time_s`; the nearest packet begins one here."""
        self._cuts.append((round(time_s * AUDIO_TIMESCALE), discontinuity))

    def add(self, data: bytes, ticks: int, stretch: Stretch) -> list[Part]:
        """Take a packet that was sampled at `ticks`."""
        length = opus.duration(data)
        if length == 0 or ticks + length // 2 <= self.head:
            return []
        return self.fill(ticks, stretch) + self._append(Sample(data, length), stretch)

    def fill(self, until: int, stretch: Stretch) -> list[Part]:
        """Silence, in whole packets, up to `until`."""
        parts: list[Part] = []
        while until - self.head >= opus.SILENCE_TICKS:
            parts += self._append(Sample(opus.SILENCE, opus.SILENCE_TICKS), stretch)
        return parts

    def close(self, stretch: Stretch) -> list[Part]:
        """Close the open part."""
        if not self._open:
            return []
        samples, self._open, self._open_ticks = self._open, [], 0
        return [self.part(samples, stretch)]

    def _append(self, sample: Sample, stretch: Stretch) -> list[Part]:
        parts = self._cut_here(sample.duration, stretch)
        if self._open_ticks + sample.duration > self.part_ticks:
            parts += self.close(stretch)
        self._open.append(sample)
        self._open_ticks += sample.duration
        if self._open_ticks + sample.duration > self.part_ticks:
            parts += self.close(stretch)
        return parts

    def _cut_here(self, length: int, stretch: Stretch) -> list[Part]:
        if self._cuts and self.head >= self._cuts[0][0] - length // 2:
            discontinuity = False
            while self._cuts and self.head >= self._cuts[0][0] - length // 2:
                discontinuity |= self._cuts.popleft()[1]
            return self._next_segment(stretch, discontinuity=discontinuity)
        if self.head + length - self.segment_start > self._longest:
            return self._next_segment(stretch, discontinuity=False)
        return []

    def _next_segment(self, stretch: Stretch, *, discontinuity: bool) -> list[Part]:
        parts = self.close(stretch)
        self.open_segment(discontinuity=discontinuity)
        return parts
