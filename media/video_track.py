"""When does a part of video end? Eagerly at a nominal frame's length, else on a timer; the next part corrects.

A frame's duration is known when the next one arrives. A part is closed as soon as its last frame, at the usual distance,
fills it; the difference to what really followed goes into the first frame of the next part, so decode times have no hole
and never drift. With fewer than three frames a second a part holds one frame that is shown early and lasts long: media
time keeps up with the wall clock and the buffer has no hole, at the price of parts above the target.
"""

from collections import deque
from statistics import median_low
from typing import Final, NamedTuple

from media.cmaf import init
from media.cmaf.fragment import Sample
from media.h264 import sps as parameter_sets
from media.h264.nal_unit import ACCESS_UNIT_DELIMITER, PPS, SPS, kind, length_prefixed
from media.samples import Continuation, Init, Part, VideoFrame
from media.track import Stretch, Track
from schemas.media import VIDEO, VIDEO_TIMESCALE, InitHeaders

TIMER_SLACK_S: Final = 0.01  # a frame that is just coming closes the part more exactly than the timer
NOMINAL_INTERVAL: Final = VIDEO_TIMESCALE // 30
SHORTEST: Final = 0.86  # RFC 8216bis 4.4.3.7: a part lasts 85 % of the target, unless it is the last of its segment


class _Coded(NamedTuple):
    data: bytes
    ticks: int
    sync: bool


class VideoTrack(Track):
    """The `video` rendition."""

    def __init__(self, part_s: float, continuation: Continuation) -> None:
        super().__init__(VIDEO, VIDEO_TIMESCALE, part_s, continuation)
        self._open: list[_Coded] = []
        self._intervals: deque[int] = deque(maxlen=7)
        self._arrived = 0.0
        self._last_ticks = self.end
        self._sets: tuple[bytes, bytes] | None = None

    def configure(self, frame: VideoFrame) -> Init | None:
        """The init segment of a key frame whose parameter sets are new. Raises ValueError for broken ones."""
        sets = {kind(unit): unit for unit in frame.nal_units if kind(unit) in (SPS, PPS)}
        if SPS not in sets or PPS not in sets or (sets[SPS], sets[PPS]) == self._sets:
            return None
        said = parameter_sets.parse(sets[SPS])
        self._sets = sets[SPS], sets[PPS]
        self.init += 1
        headers = InitHeaders(self.init, said.codec, VIDEO_TIMESCALE, said.width, said.height)
        return Init(VIDEO, headers, init.video(*self._sets, said))

    @property
    def configured(self) -> bool:
        """Whether a key frame with parameter sets has come."""
        return self._sets is not None

    @property
    def interval(self) -> int:
        """The usual distance of two frames, ticks."""
        return median_low(self._intervals) if self._intervals else NOMINAL_INTERVAL

    def media_now(self, now: float) -> int:
        """Where on the time line the present is, judged by the last frame; never before it."""
        return self._last_ticks + max(0, round((now - self._arrived) * VIDEO_TIMESCALE))

    def add(self, frame: VideoFrame, ticks: int, stretch: Stretch) -> list[Part]:
        """Take a frame into the open part; gives back the part it closed or filled."""
        parts = self._before(ticks, stretch)
        if self._open or parts:
            self._intervals.append(max(1, ticks - self._last_ticks))
        data = length_prefixed(u for u in frame.nal_units if kind(u) not in (SPS, PPS, ACCESS_UNIT_DELIMITER))
        self._open.append(_Coded(data, ticks, frame.key_frame))
        self._last_ticks, self._arrived = ticks, frame.arrived
        nominal = ticks + self.interval
        is_full = nominal + self.interval > self._limit() and nominal - self.end >= SHORTEST * self.part_ticks
        if is_full and nominal <= self._limit():
            parts += self.close(nominal, stretch)
        return parts

    def close(self, at: int, stretch: Stretch) -> list[Part]:
        """Close the open part so that it ends at `at`."""
        if not self._open:
            return []
        starts = [self.end, *(coded.ticks for coded in self._open[1:]), at]
        for index in range(1, len(starts)):
            starts[index] = max(starts[index], starts[index - 1] + 1)
        samples = [
            Sample(coded.data, starts[index + 1] - starts[index], coded.sync) for index, coded in enumerate(self._open)
        ]
        self._open.clear()
        return [self.part(samples, stretch)]

    def close_now(self, now: float, stretch: Stretch) -> list[Part]:
        """Close the open part at the present, or at its limit."""
        if not self._open:
            return []
        return self.close(max(min(self.media_now(now), self._limit()), self._last_ticks + 1), stretch)

    def deadline(self) -> float | None:
        """When `close_now` is due, monotonic seconds."""
        if not self._open:
            return None
        return self._arrived + (self._limit() - self._last_ticks) / VIDEO_TIMESCALE + TIMER_SLACK_S

    def _before(self, ticks: int, stretch: Stretch) -> list[Part]:
        """A frame behind the limit closes the open part there."""
        if self._open and ticks > self._limit() - self.interval // 2:
            return self.close(min(ticks, self._limit()), stretch)
        return []

    def _limit(self) -> int:
        """Where the open part ends at the latest."""
        first = self._open[0].ticks if self._open else self.end
        late = first - self.end > self.part_ticks
        return (first if late else self.end) + self.part_ticks
