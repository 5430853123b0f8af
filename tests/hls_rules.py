"""The rules of HLS that other checkers miss (RFC 8216bis), read off the text alone, apart from what writes it.

`complaints` looks at one media playlist, `check` at all that a player was given of one rendition, in order.
"""

import re
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

SHORTEST = 0.85
TOLERANCE_S = 0.002
JUMP_S = 0.25


class Part(NamedTuple):
    duration: float
    uri: str
    independent: bool


class Segment:
    """One media segment; `duration` is 0 while it is open."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.duration = 0.0
        self.uri = ""
        self.parts: list[Part] = []
        self.map = ""
        self.discontinuity = False
        self.date: datetime | None = None

    def key(self) -> tuple[object, ...]:
        return self.number, self.duration, self.uri, self.map, self.discontinuity


class Playlist:
    """A media playlist, parsed line by line."""

    def __init__(self, text: str) -> None:
        self.problems: list[str] = []
        self.attributes: dict[str, str] = {}
        self.segments: list[Segment] = []
        self.hint = ""
        self.skipped = 0
        self.ended = False
        self._map = ""
        self._open: Segment | None = None
        lines = text.splitlines()
        if not lines or lines[0] != "#EXTM3U":
            self.problems.append("the first line is not #EXTM3U")
        for line in lines[1:]:
            self._line(line)
        if self._open and (self._open.parts or self._open.date):
            self.segments.append(self._open)

    def number(self, name: str, default: float = 0.0) -> float:
        found = re.match(r"[\d.]+", self.attributes.get(name, ""))
        return float(found[0]) if found else default

    def control(self, name: str) -> float:
        found = re.search(rf"{name}=([\d.]+)", self.attributes.get("EXT-X-SERVER-CONTROL", ""))
        return float(found[1]) if found else 0.0

    @property
    def part_target(self) -> float:
        found = re.search(r"PART-TARGET=([\d.]+)", self.attributes.get("EXT-X-PART-INF", ""))
        return float(found[1]) if found else 0.0

    @property
    def is_low_latency(self) -> bool:
        return "EXT-X-PART-INF" in self.attributes

    def _segment(self) -> Segment:
        if self._open is None:
            first = int(self.number("EXT-X-MEDIA-SEQUENCE")) + self.skipped
            self._open = Segment(self.segments[-1].number + 1 if self.segments else first)
            self._open.map = self._map
        return self._open

    def _line(self, line: str) -> None:  # noqa: C901  one case a tag
        name, _, value = line.removeprefix("#").partition(":")
        if not line.startswith("#"):
            self._uri(line)
        elif name == "EXTINF":
            self._segment().duration = float(value.rstrip(","))
        elif name == "EXT-X-PART":
            self._part(value)
        elif name == "EXT-X-MAP":
            self._map = self._quoted("URI", value, line)
            segment = self._segment()
            self._before_parts(segment, line)
            segment.map = self._map
        elif name == "EXT-X-DISCONTINUITY":
            self._before_parts(self._segment(), line)
            self._segment().discontinuity = True
        elif name == "EXT-X-PROGRAM-DATE-TIME":
            self._before_parts(self._segment(), line)
            self._segment().date = datetime.fromisoformat(value)
        elif name == "EXT-X-PRELOAD-HINT":
            self.hint = self._quoted("URI", value, line)
        elif name == "EXT-X-RENDITION-REPORT":
            self._quoted("URI", value, line)
        elif name == "EXT-X-SKIP":
            self.skipped = int(re.findall(r"SKIPPED-SEGMENTS=(\d+)", value)[0])
        elif name == "EXT-X-ENDLIST":
            self.ended = True
        elif line.startswith("#EXT"):
            if name in self.attributes:
                self.problems.append(f"{name} stands twice")
            self.attributes[name] = value

    def _uri(self, line: str) -> None:
        segment = self._segment()
        if not line or segment.duration <= 0:
            self.problems.append(f"a URI without EXTINF: {line!r}")
        segment.uri = line
        self.segments.append(segment)
        self._open = None

    def _part(self, value: str) -> None:
        duration = re.search(r"DURATION=([\d.]+)", value)
        uri = self._quoted("URI", value, value)
        if not duration:
            self.problems.append(f"a part without DURATION: {value}")
        self._segment().parts.append(Part(float(duration[1]) if duration else 0, uri, "INDEPENDENT=YES" in value))

    def _quoted(self, name: str, value: str, line: str) -> str:
        found = re.search(rf'(?:^|,){name}="([^"]+)"', value)
        if not found:
            self.problems.append(f"no quoted {name}: {line}")
        return found[1] if found else ""

    def _before_parts(self, segment: Segment, line: str) -> None:
        if segment.parts:
            self.problems.append(f"{line} stands behind the segment's first part")


def complaints(text: str) -> list[str]:
    """What is wrong with one media playlist; empty when nothing is."""
    playlist = Playlist(text)
    return [
        *playlist.problems,
        *_head(playlist),
        *_segments(playlist),
        *_parts(playlist),
        *_dates(playlist),
        *_borders(playlist),
    ]


def check(answers: list[str]) -> list[str]:
    """What is wrong with any of them, or between one and the next."""
    found = [problem for text in answers for problem in complaints(text)]
    playlists = [Playlist(text) for text in answers]
    for before, after in pairwise(playlists):
        found += _between(before, after)
    if playlists and sum(playlist.ended for playlist in playlists) > 1:
        found.append("there is more than one end")
    return list(dict.fromkeys(found))


def _head(playlist: Playlist) -> list[str]:
    found = [f"there is no {n}" for n in ("EXT-X-VERSION", "EXT-X-TARGETDURATION") if n not in playlist.attributes]
    if playlist.skipped and playlist.number("EXT-X-VERSION") < 9:
        found.append("EXT-X-SKIP needs version 9")
    if playlist.is_low_latency and not playlist.ended:
        if playlist.control("PART-HOLD-BACK") < 2 * playlist.part_target:
            found.append("PART-HOLD-BACK is under twice PART-TARGET")
        if playlist.control("CAN-SKIP-UNTIL") < 6 * playlist.number("EXT-X-TARGETDURATION"):
            found.append("CAN-SKIP-UNTIL is under six target durations")
        if not playlist.hint:
            found.append("there is no EXT-X-PRELOAD-HINT")
    if playlist.ended and playlist.hint:
        found.append("an ended playlist hints at another part")
    return found


def _segments(playlist: Playlist) -> list[str]:
    target = playlist.number("EXT-X-TARGETDURATION")
    found = [
        f"segment {s.number} lasts {s.duration}, TARGETDURATION is {target:g}"
        for s in playlist.segments
        if round(s.duration) > target
    ]
    if playlist.segments and not playlist.segments[0].map:
        found.append("there is no EXT-X-MAP")
    uris = [s.uri for s in playlist.segments if s.uri] + [p.uri for s in playlist.segments for p in s.parts]
    if len(uris) != len(set(uris)):
        found.append("a URI stands twice")
    if playlist.hint in uris:
        found.append("the hint names a part that is there already")
    return found


def _parts(playlist: Playlist) -> list[str]:
    target, found = playlist.part_target, []
    for segment in playlist.segments:
        total = sum(part.duration for part in segment.parts)
        if segment.parts and segment.duration and abs(total - segment.duration) > TOLERANCE_S:
            found.append(f"segment {segment.number} lasts {segment.duration}, its parts {total:.3f}")
        found += [
            f"part {part.uri} lasts {part.duration}, PART-TARGET is {target}"
            for part in segment.parts
            if part.duration > target + TOLERANCE_S
        ]
        found += [
            f"part {part.uri} lasts {part.duration}, less than 85 % of {target}"
            for part in segment.parts[:-1]
            if part.duration < SHORTEST * target - TOLERANCE_S and not part.independent
        ]
    return found


def _dates(playlist: Playlist) -> list[str]:
    """Within a stretch program dates must agree with durations; they may only jump ahead, for a pause."""
    found, at = [], None
    for segment in playlist.segments:
        if segment.date:
            if at is not None and segment.date.timestamp() < at - JUMP_S:
                found.append(f"the program date of segment {segment.number} goes back")
            at = segment.date.timestamp()
        length = segment.duration or sum(part.duration for part in segment.parts)
        at = None if at is None else at + length
    return found


def _borders(playlist: Playlist) -> list[str]:
    return [
        f"segment {after.number} has another map without a discontinuity"
        for before, after in pairwise(playlist.segments)
        if before.map != after.map and not after.discontinuity
    ]


def _between(before: Playlist, after: Playlist) -> list[str]:
    found = [
        f"{name} changed between reloads: {before.attributes[name]} to {after.attributes[name]}"
        for name in ("EXT-X-TARGETDURATION", "EXT-X-PART-INF", "EXT-X-SERVER-CONTROL")
        if name in before.attributes and name in after.attributes and before.attributes[name] != after.attributes[name]
    ]
    if before.ended:
        found.append("a playlist follows the end")
    if after.number("EXT-X-MEDIA-SEQUENCE") < before.number("EXT-X-MEDIA-SEQUENCE"):
        found.append("the media sequence goes back")
    if after.number("EXT-X-MEDIA-SEQUENCE") > before.number("EXT-X-MEDIA-SEQUENCE"):
        found.append("segments were removed from the beginning")
    known = {segment.number: segment for segment in after.segments}
    for segment in before.segments:
        again = known.get(segment.number)
        if again is None:
            found.append(f"segment {segment.number} has gone")
        elif segment.uri and segment.key() != again.key():
            found.append(f"segment {segment.number} has changed")
        elif again.parts and again.parts[: len(segment.parts)] != segment.parts:
            found.append(f"the parts of segment {segment.number} have changed")
    if after.ended and not before.ended and _newest(after) != _newest(before):
        found.append("the end came together with the last part")
    return found


def _newest(playlist: Playlist) -> tuple[int, float]:
    total = sum(s.duration or sum(p.duration for p in s.parts) for s in playlist.segments)
    return (playlist.segments[-1].number if playlist.segments else -1, round(total, 2))
