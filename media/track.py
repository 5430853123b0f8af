"""One rendition in the making: samples become parts, parts are numbered within segments."""

from collections import deque
from math import ceil
from typing import Final

from msgspec import Struct

from media.cmaf import fragment
from media.cmaf.fragment import Sample
from media.samples import Continuation, Part
from schemas.media import PartHeaders

LONGEST_FILL_S: Final = 5.0
PARTS_A_SEGMENT: Final = 1 << 10  # fewer, always: sequence numbers grow over segments


class Stretch(Struct, frozen=True):
    """A run without a pause: its number, and the wall clock of a point on the recording's time line."""

    number: int
    origin_s: float
    origin_wall_us: int

    def wall_us(self, time_s: float) -> int:
        """Program date and time of a moment."""
        return self.origin_wall_us + round((time_s - self.origin_s) * 1e6)


class Track:
    """Numbers and times of one rendition; decode times are contiguous: a part begins where the one before it ended."""

    def __init__(self, rendition: str, timescale: int, part_s: float, continuation: Continuation) -> None:
        self.rendition = rendition
        self.timescale = timescale
        self.part_ticks = round(part_s * timescale)
        self.limit = ceil(part_s * 1000) * timescale // 1000
        """PART-TARGET as playlists say it, in whole milliseconds; no part lasts longer."""
        self.end = continuation.ends.get(rendition, round(continuation.base_time_s * timescale))
        self.segment = continuation.segments.get(rendition, 0) - 1
        self.init = continuation.inits.get(rendition, 0) - 1
        self.segment_start = self.end
        self._part = 0
        self._discontinuity = False
        self._origins: deque[tuple[int, int]] = deque()  # where samples begin that are in no part yet, and their origin
        self._origin = 0

    @property
    def end_s(self) -> float:
        """Where the next part begins, in seconds."""
        return self.end / self.timescale

    def begin_stretch(self, base_time_s: float) -> None:
        """A hole too long to be filled stays one: the rendition was not there before."""
        base = round(base_time_s * self.timescale)
        if base - self.end > LONGEST_FILL_S * self.timescale:
            self.end = base

    def open_segment(self, *, discontinuity: bool) -> None:
        """What follows belongs to the next segment."""
        self.segment += 1
        self.segment_start = self.end
        self._part = 0
        self._discontinuity = discontinuity

    def note(self, start: int, origin: int) -> None:
        """A sample that has an origin begins at `start`, ticks."""
        if origin:
            self._origins.append((start, origin))

    def part(self, samples: list[Sample], stretch: Stretch) -> Part:
        """Close a part of at least one sample."""
        duration = sum(sample.duration for sample in samples)
        headers = PartHeaders(
            segment=self.segment,
            part=self._part,
            init=self.init,
            timescale=self.timescale,
            decode_time=self.end,
            duration=duration,
            program_time_us=stretch.wall_us(self.end_s),
            stretch=stretch.number,
            independent=samples[0].sync,
            discontinuity=self._discontinuity,
        )
        data = fragment.write(self.segment * PARTS_A_SEGMENT + self._part + 1, self.end, samples)
        self.end += duration
        self._part += 1
        self._discontinuity = False
        while self._origins and self._origins[0][0] < self.end:
            self._origin = self._origins.popleft()[1]
        return Part(self.rendition, headers, data, self._origin)
