"""How does sound keep pace? Opus packets follow each other without a hole; what is missing is silence.

A lost packet, DTX, a muted or missing microphone: silence of 20 ms a packet fills the gap, so that players never wait
for sound. A packet that comes after its place was filled is dropped. Decode times count whole packets, which is what
decoders give: a rest of less than half a packet is not made up but told to the time line, so that it does not add up.

Packets wait until it is known that no segment begins before them (`advance`): a segment of sound begins at the packet
nearest to where the one of video begins, and has at least one.
"""

from collections import deque
from typing import Final, NamedTuple

from media.audio import opus
from media.cmaf import init
from media.cmaf.fragment import Sample
from media.samples import Continuation, Init, Part
from media.track import LONGEST_FILL_S, Stretch, Track
from schemas.media import AUDIO, AUDIO_TIMESCALE, InitHeaders

LATE_S: Final = 1.0  # packets that are too late for longer than this come from a clock that stood still


class _Cut(NamedTuple):
    ticks: int
    discontinuity: bool


class AudioTrack(Track):
    """The `audio` rendition: Opus as it came."""

    def __init__(self, part_s: float, segment_s: float, continuation: Continuation, channels: int) -> None:
        super().__init__(AUDIO, AUDIO_TIMESCALE, part_s, continuation)
        self._channels = channels
        self._segment_ticks = round(segment_s * AUDIO_TIMESCALE)
        self._waiting: deque[Sample] = deque()
        self._open: list[Sample] = []
        self._head = self.end  # behind the last packet of the open part
        self.tail = self.end
        """Behind the last packet, ticks."""
        self._cuts: deque[_Cut] = deque()
        self._is_cut_open = False
        self._late_since: float | None = None

    def configure(self) -> Init:
        """The init segment; said once a session."""
        self.init += 1
        headers = InitHeaders(self.init, "opus", AUDIO_TIMESCALE, channels=self._channels)
        return Init(AUDIO, headers, init.opus(self._channels))

    def begin_stretch(self, base_time_s: float) -> None:
        """See `Track`; the first `cut` opens a segment."""
        super().begin_stretch(base_time_s)
        self._head = self.tail = self.end
        self._late_since = None
        self._is_cut_open = False

    def catch_up(self, segment: int, stretch: Stretch) -> list[Part]:
        """The next segment shall have this number: what is missing before it is one packet of silence each."""
        parts: list[Part] = []
        if self.init < 0:
            self.segment = segment - 1
        while self.segment < segment - 1:
            self.open_segment(discontinuity=False)
            parts.append(self.part([Sample(opus.SILENCE, opus.SILENCE_TICKS)], stretch))
            self._head = self.tail = self.end
        return parts

    def cut(self, ticks: int, *, discontinuity: bool) -> None:
        """A segment of the other track begins at `ticks`; the nearest packet begins one here."""
        if self._is_cut_open:
            self._cuts.append(_Cut(ticks, discontinuity))
        else:
            self._is_cut_open = True
            self.open_segment(discontinuity=discontinuity)

    def add(self, data: bytes, ticks: int, arrived: float, origin: int = 0) -> int | None:
        """Take a packet that was sampled at `ticks`; gives back where it was placed, or None when it came too late."""
        length = opus.duration(data)
        if length == 0 or (ticks + length // 2 <= self.tail and not self._is_clock_behind(arrived)):
            return None
        if ticks - self.tail < LONGEST_FILL_S * AUDIO_TIMESCALE:
            self.fill(ticks)
        placed = self.tail
        self._late_since = None
        self.note(placed, origin)
        self._wait(Sample(data, length))
        return placed

    def fill(self, until: int) -> None:
        """Silence, in whole packets, up to the one that ends nearest to `until`."""
        while until - self.tail > opus.SILENCE_TICKS // 2:
            self._wait(Sample(opus.SILENCE, opus.SILENCE_TICKS))

    def trim(self, until: int) -> None:
        """Leave out what waits behind `until`, but for the packet that ends nearest to it."""
        while self._waiting and self.tail - self._waiting[-1].duration // 2 > until:
            self.tail -= self._waiting.pop().duration

    def advance(self, frontier: int | None, stretch: Stretch) -> list[Part]:
        """No segment begins before `frontier` any more; None lets everything go, in segments cut by time."""
        parts: list[Part] = []
        while self._waiting and (frontier is None or self._head + self._waiting[0].duration // 2 < frontier):
            parts += self._append(self._waiting.popleft(), stretch, by_time=frontier is None)
        return parts

    def close(self, stretch: Stretch) -> list[Part]:
        """Close with all that waits."""
        parts: list[Part] = []
        while self._waiting:
            parts += self._append(self._waiting.popleft(), stretch, by_time=False)
        while self._cuts:
            self._cuts.appendleft(self._cuts.popleft()._replace(ticks=0))
            self.tail += opus.SILENCE_TICKS
            parts += self._append(Sample(opus.SILENCE, opus.SILENCE_TICKS), stretch, by_time=False)
        return parts + self._close_part(stretch)

    def _wait(self, sample: Sample) -> None:
        self._waiting.append(sample)
        self.tail += sample.duration

    def _is_clock_behind(self, arrived: float) -> bool:
        if self._late_since is None:
            self._late_since = arrived
        return arrived - self._late_since > LATE_S

    def _append(self, sample: Sample, stretch: Stretch, *, by_time: bool) -> list[Part]:
        parts = self._segment_before(sample, stretch, by_time=by_time)
        if self._head - self.end + sample.duration > self.limit:
            parts += self._close_part(stretch)
        self._open.append(sample)
        self._head += sample.duration
        if self._head - self.end + sample.duration > self.limit:
            parts += self._close_part(stretch)
        return parts

    def _segment_before(self, sample: Sample, stretch: Stretch, *, by_time: bool) -> list[Part]:
        if self._head == self.segment_start:
            return []
        if self._cuts and self._head + sample.duration // 2 >= self._cuts[0].ticks:
            discontinuity = self._cuts.popleft().discontinuity
        elif by_time and self._head - self.segment_start >= self._segment_ticks:
            discontinuity = False
        else:
            return []
        parts = self._close_part(stretch)
        self.open_segment(discontinuity=discontinuity)
        return parts

    def _close_part(self, stretch: Stretch) -> list[Part]:
        if not self._open:
            return []
        samples, self._open = self._open, []
        return [self.part(samples, stretch)]
