"""Which thumbnail belongs to which moment? WebVTT whose cues name a place in a sheet (Media Fragments 1.0, 4.2.2)."""

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

_CUE: Final = re.compile(
    r"(\d+):(\d\d):(\d\d)\.(\d{3}) --> (\d+):(\d\d):(\d\d)\.(\d{3})\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)\n"
)


class Place(Struct, frozen=True):
    """Where in a sheet a thumbnail lies, in pixels."""

    x: int
    y: int
    width: int
    height: int


class Cue(Struct, frozen=True):
    """From `start_s` to `end_s` of what plays; `uri` is relative to the file."""

    start_s: float
    end_s: float
    uri: str
    place: Place


def render(cues: Iterable[Cue]) -> str:
    """The file. Cues without duration are left out: no player could show them."""
    return "WEBVTT\n" + "".join(_cue(cue) for cue in cues if _ms(cue.end_s) > _ms(cue.start_s))


def parse(text: str) -> list[Cue]:
    """What `render` has written; of anything else, the cues that look like it."""
    return [_read(found) for found in _CUE.finditer(text)]


def _cue(cue: Cue) -> str:
    place = cue.place
    xywh = f"{place.x},{place.y},{place.width},{place.height}"
    return f"\n{_time(cue.start_s)} --> {_time(cue.end_s)}\n{cue.uri}#xywh={xywh}\n"


def _read(found: re.Match[str]) -> Cue:
    groups = found.groups()
    x, y, width, height = map(int, groups[9:])
    return Cue(_seconds(groups[:4]), _seconds(groups[4:8]), groups[8], Place(x, y, width, height))


def _seconds(groups: tuple[str, ...]) -> float:
    hours, minutes, seconds, ms = map(int, groups)
    return hours * 3600 + minutes * 60 + seconds + ms / 1000


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _time(seconds: float) -> str:
    """As WebVTT, 4.3, writes it: hours may have more than two digits."""
    minutes, ms = divmod(_ms(seconds), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{ms // 1000:02}.{ms % 1000:03}"
