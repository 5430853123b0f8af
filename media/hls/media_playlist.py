"""A media playlist as a pure function of the part list (RFC 8216bis, 4.4.3).

TARGETDURATION, PART-TARGET and the hold-backs depend on settings alone and never change between reloads: Apple's
players stop for good when they do (MediaMTX #6237). While live it is of type EVENT: nothing is ever removed, so one can
go back to the start; parts are listed for the last three segments only.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from msgspec import Struct

from media.hls import tags
from media.hls.index import IndexedSegment, RenditionIndex


class Paths(NamedTuple):
    """How inits, segments, parts and playlists are called, relative to the playlist."""

    init: Callable[[str, int], str]
    segment: Callable[[str, int], str]
    part: Callable[[str, int, int], str]
    playlist: Callable[[str], str]


class Timing(Struct, frozen=True):
    """The promises of every playlist, fixed by the settings."""

    part_s: float = 1 / 3
    segment_s: float = 2.0

    @property
    def part_target_s(self) -> float:
        """Whole milliseconds, rounded up."""
        return math.ceil(self.part_s * 1000) / 1000

    @property
    def target_duration_s(self) -> int:
        """Twice the nominal: a key frame may be late, on a still screen by more than a second."""
        return math.ceil(2 * self.segment_s)

    @property
    def control(self) -> tags.ServerControl:
        """Hold-backs at the least the specification allows to recommend: three parts, three target durations."""
        target = self.target_duration_s
        return tags.ServerControl(3 * self.part_target_s, 3 * target, 6 * target)


def live(
    rendition: RenditionIndex,
    timing: Timing,
    paths: Paths,
    others: Iterable[RenditionIndex] = (),
    *,
    skip: bool = False,
) -> str:
    """The playlist while more is to come; with `skip`, what a client already has is left out (6.2.5.1)."""
    skipped = _skippable(rendition, timing) if skip else 0
    lines = _head(rendition, timing, live=True)
    if skipped:
        lines.append(tags.skip(skipped))
    parts_from = _first_with_parts(rendition, timing)
    lines += _segments(rendition, paths, skipped, parts_from, ended=False)
    if rendition.segments:
        lines.append(tags.preload_hint(paths.part(rendition.name, *expected_part(rendition, timing))))
    for other in others:
        if other.segments:
            last = other.segments[-1]
            lines.append(tags.rendition_report(paths.playlist(other.name), last.number, len(last.parts) - 1))
    return "\n".join(lines) + "\n"


def ended(rendition: RenditionIndex, timing: Timing, paths: Paths, *, parts: bool = False) -> str:
    """The playlist that never changes again; with `parts` the newest are still listed, for those who are following."""
    parts_from = _first_with_parts(rendition, timing) if parts else len(rendition.segments)
    lines = _head(rendition, timing, live=parts)
    lines += _segments(rendition, paths, 0, parts_from, ended=True)
    return "\n".join([*lines, "#EXT-X-ENDLIST"]) + "\n"


def expected_part(rendition: RenditionIndex, timing: Timing) -> tuple[int, int]:
    """Segment and part that most likely come next: behind a segment that is full, the first one of the following.

    A hint at a part that then opens the next segment instead would be one at something that will never be; the other
    way round it only comes a part later.
    """
    newest = rendition.segments[-1]
    is_full = newest.gap or newest.duration_s > timing.segment_s - timing.part_s / 2
    return (newest.number + 1, 0) if is_full else (newest.number, len(newest.parts))


def _head(rendition: RenditionIndex, timing: Timing, *, live: bool) -> list[str]:
    target = timing.target_duration_s
    if not live:  # it may have been made with other settings
        target = max(target, *(round(segment.duration_s) for segment in rendition.segments), 0)
    lines = ["#EXTM3U", "#EXT-X-VERSION:9", f"#EXT-X-TARGETDURATION:{target}"]
    if live:
        lines += [str(timing.control), f"#EXT-X-PART-INF:PART-TARGET={timing.part_target_s:.3f}"]
    lines += [f"#EXT-X-PLAYLIST-TYPE:{'EVENT' if live else 'VOD'}", f"#EXT-X-MEDIA-SEQUENCE:{rendition.bounds[0]}"]
    if rendition.discontinuity_sequence:
        lines.append(f"#EXT-X-DISCONTINUITY-SEQUENCE:{rendition.discontinuity_sequence}")
    return lines


def _segments(rendition: RenditionIndex, paths: Paths, skipped: int, parts_from: int, *, ended: bool) -> Iterator[str]:
    """Segments from position `skipped` on; MAP, DISCONTINUITY and PROGRAM-DATE-TIME stand before the first part."""
    name = rendition.name
    before: IndexedSegment | None = None
    for position in range(skipped, len(rendition.segments)):
        segment = rendition.segments[position]
        if segment.discontinuity and position:
            yield "#EXT-X-DISCONTINUITY"
        if before is None or segment.init != before.init:
            yield tags.map_(paths.init(name, segment.init))
        if before is None or segment.stretch != before.stretch or segment.discontinuity:
            yield tags.program_date_time(segment.program_time_us)
        if segment.gap:
            yield "#EXT-X-GAP"
        elif position >= parts_from:
            for number, part in enumerate(segment.parts):
                yield tags.part(part.duration_s, paths.part(name, segment.number, number), independent=part.independent)
        if ended or position < len(rendition.segments) - 1:
            yield tags.segment(segment.duration_s, paths.segment(name, segment.number))
        before = segment


def _first_with_parts(rendition: RenditionIndex, timing: Timing) -> int:
    """The position of the first segment whose parts are listed.

    Three target durations are the most (4.4.4.9), and three segments for hls-parser, who takes that to be the same.
    """
    return max(_position_before_end(rendition, 3 * timing.target_duration_s), len(rendition.segments) - 3)


def _skippable(rendition: RenditionIndex, timing: Timing) -> int:
    """How many segments lie before the skip boundary (4.4.3.8)."""
    return _position_before_end(rendition, timing.control.can_skip_until_s)


def _position_before_end(rendition: RenditionIndex, seconds: float) -> int:
    left = seconds
    for position in range(len(rendition.segments) - 1, -1, -1):
        left -= rendition.segments[position].duration_s
        if left < 0:
            return position
    return 0
