"""When does a part of video end? Eagerly at a nominal frame's length, else on a timer; the next part corrects.

A frame's duration is known when the next one arrives. A part is closed as soon as its last frame, at the usual
distance, fills it; the difference to what really followed goes into the first frame of the next part, so decode times
have no hole and never drift. No part is longer than the target, and none but the last of a segment shorter than 85 % of
it: where the frame rate does not divide a part, its last frame is shown a little longer or shorter.

With fewer than three frames a second there is not one for every part. What a late frame leaves open is filled by the
frames since the last key frame once more, in no time, of which the last one stands: the picture is the same, the
decoder is where it was, no part is longer than the target, and the buffer has no hole. `repeat` does so when no frame
comes at all. Once that has cost `REPEATED_BYTES` in a row, the key frame alone stands on, until another one comes.
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

NOMINAL_INTERVAL: Final = VIDEO_TIMESCALE // 30
SHORTEST_PART: Final = (
    0.86  # RFC 8216bis 4.4.3.7: a part lasts 85 % of the target, unless it is the last of its segment
)
SHORTEST_SEGMENT: Final = 0.75
GROUP_BYTES: Final = 1_500_000  # more is not kept for `repeat`
REPEATED_BYTES: Final = 4_000_000
LEFT_OUT: Final = (SPS, PPS, ACCESS_UNIT_DELIMITER)  # an avc1 track has its parameter sets in the init segment


class _Coded(NamedTuple):
    data: bytes
    start: int
    sync: bool


class Border(NamedTuple):
    """Where a segment begins, ticks."""

    ticks: int
    discontinuity: bool


class VideoTrack(Track):
    """The `video` rendition."""

    def __init__(self, part_s: float, segment_s: float, continuation: Continuation) -> None:
        super().__init__(VIDEO, VIDEO_TIMESCALE, part_s, continuation)
        self._segment_ticks = round(segment_s * VIDEO_TIMESCALE)
        self._open: list[_Coded] = []
        self._intervals: deque[int] = deque(maxlen=7)
        self.interval = NOMINAL_INTERVAL
        """The usual distance of two frames, ticks."""
        self._last_ticks: int | None = None
        self._borders: list[Border] = []
        self._sets: tuple[bytes, bytes] | None = None
        self._next_init = self.init
        self._group: list[bytes] = []
        self._group_bytes = 0
        self._is_group_cut = False
        self._repeated_bytes = 0
        self._is_hidden = False  # the last frame
        self.is_broken = False
        """Whether the next frame has to be a key frame."""

    # --- what comes in ------------------------------------------------------------------------------------------------

    def configure(self, frame: VideoFrame) -> Init | None:
        """The init segment of a key frame whose parameter sets are new. Raises ValueError for broken ones."""
        sets = {kind(unit): unit for unit in frame.nal_units if kind(unit) in (SPS, PPS)}
        if SPS not in sets or PPS not in sets or (sets[SPS], sets[PPS]) == self._sets:
            return None
        said = parameter_sets.parse(sets[SPS])
        self._sets = sets[SPS], sets[PPS]
        self._next_init += 1
        headers = InitHeaders(self._next_init, said.codec, VIDEO_TIMESCALE, said.width, said.height)
        return Init(VIDEO, headers, init.video(*self._sets, said))

    @property
    def configured(self) -> bool:
        """Whether a key frame with parameter sets has come."""
        return self._sets is not None

    def add(self, frame: VideoFrame, ticks: int, stretch: Stretch, *, cut: bool, discontinuity: bool) -> list[Part]:
        """Take a frame of `ticks`, the first of a segment if `cut`; gives back the parts that it closed."""
        if not frame.shown and self._open and not cut:
            self._open.append(_Coded(self._kept(frame), self._open[-1].start + 1, frame.key_frame))
            self._is_hidden = True
            return []
        parts: list[Part] = []
        start = max(ticks, self._earliest())
        cut = cut or (frame.key_frame and start - self.segment_start >= SHORTEST_SEGMENT * self._segment_ticks)
        if self._open and (cut or start > self.end + self.limit - self._least_room()):
            parts = self.close(start, stretch)
        if not self._open:
            parts += self._until_nearly(ticks, stretch)
            start = self.end
            self.init = self._next_init if cut else self.init
            if cut or self._is_too_long(ticks + self.part_ticks):
                self.open_segment(discontinuity=discontinuity)
        self._measure(ticks)
        self._is_hidden = not frame.shown
        self.note(start, frame.origin)
        self._open.append(_Coded(self._kept(frame), start, frame.key_frame))
        if ticks - start >= self.limit:  # it is late: what its part should have shown is over
            return parts + self._close(ticks + min(self.interval, self.part_ticks), stretch)
        full_at = self._full_at(ticks)
        return parts if full_at is None else parts + self.close(full_at, stretch)

    def repeat(self, until: int, stretch: Stretch) -> list[Part]:
        """No frame came: let the picture stand until `until`, decodable from here on."""
        parts: list[Part] = []
        while self.init >= 0 and self._group and until - (self._open[-1].start if self._open else self.end) > 0:
            parts += self.close(until, stretch)
            till = min(until, self.end + self.limit)
            if till - self.end < 2 * len(self._group):
                break
            if till - self.segment_start > self._segment_ticks or self._is_too_long(till):
                self.open_segment(discontinuity=False)
            parts.append(self._stand(till, stretch))
        return parts

    def join(self, at: int, segment: int, stretch: Stretch) -> list[Part]:
        """Begin at `at`, behind sound that has come as far as `segment` alone; the last picture stands till then."""
        parts: list[Part] = []
        missing = segment - self.segment
        for left in range(missing, 0, -1):
            span = (at - self.end) // left
            if min(span, self.limit // 2) < 2 * len(self._group) or not self._group:
                break
            self.open_segment(discontinuity=False)
            parts += self._stand_in_parts(self.end + span, stretch)
        self.end = at
        self.skip(segment)
        return parts

    def skip(self, segment: int) -> None:
        """Be where sound has got to alone; `segment` has no picture yet."""
        if self.segment != segment:
            self.segment, self.segment_start, self._part = segment, self.end, 0

    # --- what goes out ------------------------------------------------------------------------------------------------

    @property
    def frontier(self) -> int:
        """No segment begins before this any more, ticks."""
        return self._open[-1].start if self._open else self.end

    @property
    def expected_end(self) -> int:
        """Where the last frame ends if nothing more is known, ticks."""
        if not self._open:
            return self.end
        return min(self._open[-1].start + min(self.interval, self.part_ticks), self.end + self.limit)

    @property
    def due(self) -> int | None:
        """When the open part is full without a further frame, ticks; None when none is open."""
        return self.end + self.part_ticks if self._open else None

    def close(self, at: int, stretch: Stretch) -> list[Part]:
        """Close the open part so that it ends at `at`, or where it has to."""
        return self._close(min(at, self.end + self.limit), stretch)

    def open_segment(self, *, discontinuity: bool) -> None:
        """What follows belongs to the next segment; `borders` tells the other track."""
        super().open_segment(discontinuity=discontinuity)
        self._borders.append(Border(self.end, discontinuity))

    def borders(self) -> list[Border]:
        """The segments that were opened since this was last asked."""
        found, self._borders = self._borders, []
        return found

    # --- inside -------------------------------------------------------------------------------------------------------

    def _close(self, at: int, stretch: Stretch) -> list[Part]:
        if not self._open:
            return []
        starts = [*(coded.start for coded in self._open), max(at, self._open[-1].start + 1)]
        samples = [Sample(coded.data, starts[n + 1] - coded.start, coded.sync) for n, coded in enumerate(self._open)]
        self._open.clear()
        return [self.part(samples, stretch)]

    def _until_nearly(self, ticks: int, stretch: Stretch) -> list[Part]:
        """Whole parts of the picture that stands, as long as the frame at `ticks` is more than a part away."""
        parts: list[Part] = []
        while ticks - self.end >= self.limit > 2 * len(self._group) > 0:
            if self._is_too_long(self.end + self.limit):
                self.open_segment(discontinuity=False)
            parts.append(self._stand(self.end + self.limit, stretch))
        return parts

    def _stand_in_parts(self, till: int, stretch: Stretch) -> list[Part]:
        """As few as there can be, of about the same length."""
        count = -(-(till - self.end) // self.limit)
        return [self._stand(self.end + (till - self.end) // left, stretch) for left in range(count, 0, -1)]

    def _stand(self, till: int, stretch: Stretch) -> Part:
        """A part up to `till` of all that is needed to see the last picture."""
        self._repeated_bytes += self._group_bytes
        if self._repeated_bytes > REPEATED_BYTES:
            self._cut_group()
        self.is_broken |= self._is_group_cut
        durations = [1] * (len(self._group) - 1) + [till - self.end - len(self._group) + 1]
        pieces = zip(self._group, durations, strict=True)
        return self.part([Sample(data, long, not n) for n, (data, long) in enumerate(pieces)], stretch)

    def _earliest(self) -> int:
        """Frames that have to catch up follow each other at a quarter of their distance."""
        if not self._open:
            return self.end
        return self._open[-1].start + (1 if self._is_hidden else self.interval // 4)

    def _least_room(self) -> int:
        return min(self.interval // 2, round((1 - SHORTEST_PART) * self.part_ticks))

    def _is_too_long(self, end: int) -> bool:
        """Whether a part up to `end` would make the open segment longer than TARGETDURATION, twice the usual."""
        return max(end, self.end + self.limit) - self.segment_start > 2 * self._segment_ticks

    def _measure(self, ticks: int) -> None:
        if self._last_ticks is not None and ticks > self._last_ticks:
            self._intervals.append(ticks - self._last_ticks)
            self.interval = median_low(self._intervals)
        self._last_ticks = ticks

    def _kept(self, frame: VideoFrame) -> bytes:
        data = length_prefixed(unit for unit in frame.nal_units if kind(unit) not in LEFT_OUT)
        if frame.key_frame:
            self._group, self._group_bytes, self._is_group_cut, self.is_broken = [], 0, False, False
        self._repeated_bytes = 0
        self._group.append(data)
        self._group_bytes += len(data)
        if self._is_group_cut or self._group_bytes > GROUP_BYTES:
            self._cut_group()
        return data

    def _cut_group(self) -> None:
        """Keep its key frame only: what was shown last cannot be shown again."""
        del self._group[1:]
        self._group_bytes = len(self._group[0])
        self._is_group_cut = True

    def _full_at(self, ticks: int) -> int | None:
        """Where the open part ends, when the next frame is not to be waited for."""
        start, room, shortest = (
            self._open[-1].start,
            self.end + self.limit,
            self.end + round(SHORTEST_PART * self.limit),
        )
        following = max(ticks + self.interval, start + self.interval // 4)
        if following + self.interval <= room:
            return None
        if following >= shortest:
            return min(following, room)
        return shortest if shortest - following <= following + self.interval - room else None
