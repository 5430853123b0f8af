"""Reads a media playlist into values, strictly (RFC 8216bis, 4); written apart from `media/hls`, which it judges."""

import re
from datetime import datetime
from typing import NamedTuple

_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s][^",]*)(?:,|$)')
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)")
QUOTED = frozenset({"URI", "CODECS", "AUDIO", "GROUP-ID", "NAME", "CHANNELS", "LANGUAGE"})
ONCE = (
    *("VERSION", "TARGETDURATION", "SERVER-CONTROL", "PART-INF", "PLAYLIST-TYPE", "MEDIA-SEQUENCE"),
    *("DISCONTINUITY-SEQUENCE", "SKIP", "ENDLIST", "INDEPENDENT-SEGMENTS"),
)
BEFORE_PARTS = ("MAP", "DISCONTINUITY", "PROGRAM-DATE-TIME", "GAP")


class Part(NamedTuple):
    duration: float
    uri: str
    independent: bool
    gap: bool


class Segment:
    """One media segment, or at the end the parts of one that is not whole."""

    def __init__(self) -> None:
        self.duration: float | None = None
        self.uri = ""
        self.parts: list[Part] = []
        self.map = ""
        self.map_said = self.discontinuity = self.gap = False
        self.date: float | None = None

    @property
    def length(self) -> float:
        return self.duration if self.duration is not None else sum(part.duration for part in self.parts)

    @property
    def said(self) -> tuple[object, ...]:
        """All that may never change."""
        return self.duration, self.uri, self.map, self.discontinuity, self.gap


class Playlist:
    """What stands in it, and in `wrong` what cannot be read."""

    def __init__(self, text: str) -> None:
        self.wrong: list[str] = []
        self.once: dict[str, str] = {}
        self.control: dict[str, str] = {}
        self.part_target = 0.0
        self.segments: list[Segment] = []
        self.hints: list[str] = []
        self.reports: list[dict[str, str]] = []
        self._open = Segment()
        self._map = ""
        self._known = {
            "SERVER-CONTROL": self._server_control,
            "PART-INF": self._part_inf,
            "MAP": self._map_,
            "DISCONTINUITY": self._discontinuity,
            "GAP": self._gap,
            "PROGRAM-DATE-TIME": self._date,
            "PART": self._part,
            "PRELOAD-HINT": self._hint,
            "RENDITION-REPORT": self._report,
        }
        self._read(text)

    # --- what the rules ask for ---------------------------------------------------------------------------------------

    @property
    def target(self) -> int:
        return self._integer("TARGETDURATION")

    @property
    def first(self) -> int:
        return self._integer("MEDIA-SEQUENCE")

    @property
    def skipped(self) -> int:
        found = attributes(self.once.get("SKIP", ""))
        return int(found.get("SKIPPED-SEGMENTS", "0"))

    @property
    def ended(self) -> bool:
        return "ENDLIST" in self.once

    @property
    def whole(self) -> list[Segment]:
        return [segment for segment in self.segments if segment.duration is not None]

    @property
    def newest(self) -> tuple[int, int]:
        """Number of the segment the newest part belongs to, and how many parts of it are listed."""
        last = self.segments[-1] if self.segments else Segment()
        return self.first + self.skipped + len(self.segments) - 1, len(last.parts)

    def seconds(self, name: str) -> float:
        """A duration in SERVER-CONTROL; 0 when it is not there."""
        return float(self.control.get(name, "0"))

    def numbered(self) -> dict[int, Segment]:
        return {self.first + self.skipped + place: segment for place, segment in enumerate(self.segments)}

    # --- reading ------------------------------------------------------------------------------------------------------

    def _integer(self, name: str) -> int:
        text = self.once.get(name, "0")
        return int(text) if text.isdecimal() else 0

    def _read(self, text: str) -> None:
        if "\r" in text or text.startswith("\ufeff") or not text.endswith("\n"):
            self.wrong.append("line ends or byte order mark")
        lines = text.splitlines()
        if not lines or lines[0] != "#EXTM3U":
            self.wrong.append("does not begin with #EXTM3U")
        for line in lines[1:]:
            try:
                self._line(line)
            except ValueError as error:
                self.wrong.append(f"{line!r}: {error}")
        if self._open.duration is not None:
            self.wrong.append("an EXTINF without a URI")
        if self._open.parts or self._open.map_said or self._open.discontinuity or self._open.gap:
            self.segments.append(self._open)

    def _line(self, line: str) -> None:
        if line.startswith("#EXTINF:"):
            self._extinf(line)
        elif line.startswith("#EXT-X-"):
            name, _, value = line[7:].partition(":")
            self._tag(name, value)
        elif line.startswith("#EXT"):
            raise ValueError("an unknown tag")
        elif line and not line.startswith("#"):
            self._uri(line)
        elif not line:
            raise ValueError("an empty line")

    def _extinf(self, line: str) -> None:
        found = re.fullmatch(r"#EXTINF:(\d+(?:\.\d+)?),.*", line)
        if not found:
            raise ValueError("not a duration and a comma")
        self._open.duration = float(found[1])

    def _uri(self, line: str) -> None:
        if self._open.duration is None:
            raise ValueError("a URI without EXTINF")
        self._open.uri, self._open.map = line, self._map
        self.segments.append(self._open)
        self._open = Segment()

    def _tag(self, name: str, value: str) -> None:
        if self.ended:
            raise ValueError("behind ENDLIST")
        if name in BEFORE_PARTS and (self._open.parts or self._open.duration is not None):
            raise ValueError("behind the first part of its segment")
        if name in ONCE:
            if name in self.once:
                raise ValueError("said twice")
            self.once[name] = value
        elif name not in self._known:
            raise ValueError("an unknown tag")
        if name in self._known:
            self._known[name](value)

    def _server_control(self, value: str) -> None:
        self.control = attributes(value)

    def _part_inf(self, value: str) -> None:
        self.part_target = float(attributes(value)["PART-TARGET"])

    def _map_(self, value: str) -> None:
        self._map, self._open.map_said = _uri_of(value), True
        self._open.map = self._map

    def _discontinuity(self, _: str) -> None:
        self._open.discontinuity = True

    def _gap(self, _: str) -> None:
        self._open.gap = True

    def _date(self, value: str) -> None:
        if not _DATE.fullmatch(value):
            raise ValueError("not ISO 8601 with milliseconds and a zone")
        self._open.date = datetime.fromisoformat(value).timestamp()

    def _hint(self, value: str) -> None:
        if attributes(value).get("TYPE") not in ("PART", "MAP"):
            raise ValueError("not a TYPE")
        self.hints.append(_uri_of(value))

    def _report(self, value: str) -> None:
        _uri_of(value)
        self.reports.append(attributes(value))

    def _part(self, value: str) -> None:
        found = attributes(value)
        self._open.map = self._map
        yes = {name: found.get(name, "NO") == "YES" for name in ("INDEPENDENT", "GAP")}
        self._open.parts.append(Part(float(found["DURATION"]), _uri_of(value), yes["INDEPENDENT"], yes["GAP"]))


def attributes(value: str) -> dict[str, str]:
    """An attribute list. Raises ValueError for what is not one, for a name said twice and for missing quotes."""
    found: dict[str, str] = {}
    at = 0
    while at < len(value):
        one = _ATTRIBUTE.match(value, at)
        if not one or one[1] in found:
            raise ValueError(f"not an attribute list from {value[at:]!r} on")
        if (one[1] in QUOTED) != one[2].startswith('"'):
            raise ValueError(f"the quotes of {one[1]}")
        found[one[1]] = one[2].strip('"')
        at = one.end()
    if value.endswith(","):
        raise ValueError("a comma at its end")
    return found


def _uri_of(value: str) -> str:
    uri = attributes(value).get("URI", "")
    if not uri:
        raise ValueError("no URI")
    return uri
