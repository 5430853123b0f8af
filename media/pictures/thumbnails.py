"""Which thumbnail belongs to which moment? WebVTT whose cues name a place in a sheet (Media Fragments 1.0, 4.2.2)."""

from collections.abc import Iterable

from msgspec import Struct

from media.pictures.sprite import Place


class Cue(Struct, frozen=True):
    """From `start_s` to `end_s` of what plays; `uri` is relative to the file."""

    start_s: float
    end_s: float
    uri: str
    place: Place


def render(cues: Iterable[Cue]) -> str:
    """The file. Cues without duration are left out: no player could show them."""
    return "WEBVTT\n" + "".join(_cue(cue) for cue in cues if _ms(cue.end_s) > _ms(cue.start_s))


def _cue(cue: Cue) -> str:
    place = cue.place
    xywh = f"{place.x},{place.y},{place.width},{place.height}"
    return f"\n{_time(cue.start_s)} --> {_time(cue.end_s)}\n{cue.uri}#xywh={xywh}\n"


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _time(seconds: float) -> str:
    """As WebVTT, 4.3, writes it: hours may have more than two digits."""
    minutes, ms = divmod(_ms(seconds), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{ms // 1000:02}.{ms % 1000:03}"
