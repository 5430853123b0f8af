"""What is a rung, seen as a rendition? The segments of `video` with other bytes: same numbers, same times; pure."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct, structs

from media.hls.index import IndexedInit, IndexedPart, IndexedSegment, RecordingIndex, RenditionIndex
from media.transcode.ladder import Rung, ladder
from schemas.media import VIDEO_TIMESCALE, InitHeaders


class Made(Struct, frozen=True, array_like=True):
    """What was made of one segment for one rung; what follows `init_bytes` is of the init segment it decodes with."""

    rung: str
    size_bytes: int
    init_bytes: int
    codec: str
    width: int
    height: int
    frames: int


class Outcome(Struct, frozen=True):
    """What came of one segment of the source; `why` it is a gap, when nothing did."""

    made: tuple[Made, ...] = ()
    why: str = ""


def rungs_of(video: RenditionIndex) -> tuple[Rung, ...]:
    """The rungs of a recording: up to the largest size it had."""
    sizes = [(init.headers.width, init.headers.height) for init in video.inits]
    return ladder(*max(sizes, key=lambda size: size[0] * size[1])) if sizes else ()


def to_be_made(video: RenditionIndex) -> list[IndexedSegment]:
    """The segments that have pictures."""
    return [segment for segment in video.segments if not segment.gap]


def encoded(outcome: Outcome) -> bytes:
    """As the result of a unit."""
    return msgspec.json.encode(outcome)


def index_of(video: RenditionIndex, rungs: Sequence[Rung], results: Mapping[str, bytes]) -> RecordingIndex:
    """The renditions, by what came of the segments, whose numbers are the names of the units."""
    outcomes = {int(name): msgspec.json.decode(result, type=Outcome) for name, result in results.items()}
    made = {number: {one.rung: one for one in outcome.made} for number, outcome in outcomes.items()}
    place = _Places()
    found = [_rendition(rung.name, video, made, place) for rung in rungs]
    return RecordingIndex({rendition.name: rendition for rendition in found if rendition.inits}, ended=True)


def why_not(results: Mapping[str, bytes]) -> str:
    """What was wrong with the first segment of which nothing could be made."""
    outcomes = [msgspec.json.decode(result, type=Outcome) for result in results.values()]
    return next((outcome.why for outcome in outcomes if outcome.why), "")


class _Places:
    """Counts down from -1, in place of sequences of the log: each init and part has one of its own."""

    def __init__(self) -> None:
        self._newest = 0

    def next(self) -> int:
        self._newest -= 1
        return self._newest


def _rendition(
    name: str, video: RenditionIndex, made: Mapping[int, Mapping[str, Made]], place: _Places
) -> RenditionIndex:
    rendition = RenditionIndex(name, final=True, discontinuity_sequence=video.discontinuity_sequence)
    known: set[int] = set()
    rates = [0.0]
    for segment in video.segments:
        one = made.get(segment.number, {}).get(name)
        rendition.segments.append(_segment(segment, one, place.next()))
        if one is None:
            continue
        rates.append(one.frames / segment.duration_s if segment.duration_s >= _LONG_S else 0.0)
        if segment.init not in known:
            known.add(segment.init)
            said = InitHeaders(segment.init, one.codec, VIDEO_TIMESCALE, one.width, one.height)
            rendition.inits.append(IndexedInit(said, one.init_bytes, place.next()))
    rendition.frames_a_second = round(max(rates), 3)
    return rendition


_LONG_S: Final = 0.9
"""A shorter segment says little about the frames of a second."""


def _segment(segment: IndexedSegment, made: Made | None, place: int) -> IndexedSegment:
    is_gap = made is None
    whole = IndexedPart(segment.duration_s, 0 if made is None else made.size_bytes, not is_gap, place)
    return structs.replace(segment, parts=[whole], gap=is_gap)
