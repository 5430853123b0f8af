"""How does one segment become the same segment of every rung? Decoded once, scaled, encoded; every frame at its time.

The pictures of a rung are shown when those of the source are, to the tick. B-frames halve what scrolling text takes;
what they disorder is decoded earlier than it is shown, never later: players on FFmpeg shift a whole rendition by its
most negative composition offset. A segment begins with a key frame and needs none before it, and whoever makes the next
one makes the same init segment: so segments are made by many, in any order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby, pairwise
from typing import Final

from av.video.frame import PictureType, VideoFrame
from msgspec import Struct

from media.cmaf import fragment
from media.cmaf.fragment import Sample
from media.track import PARTS_A_SEGMENT
from media.transcode.encoder import X264, Coded, Encoder
from media.transcode.ladder import Rung
from media.transcode.scaler import Scaler
from media.transcode.source import pictures

_LAST: Final = 2


class Rendered(Struct, frozen=True):
    """A segment of one rung, with the init segment it decodes with."""

    rung: str
    init: bytes
    segment: bytes
    codec: str
    width: int
    height: int
    frames: int


def transcode(init: bytes, segment: bytes, number: int, rungs: Sequence[Rung], encoder: str = X264) -> list[Rendered]:
    """Segment `number` of each rung.

    Raises: ValueError or FFmpegError when there is no picture to be had from it, or there is no such encoder.
    """
    times, shown = pictures(init, segment)
    stairs = [_Stair(rung, encoder) for rung in rungs]
    stamps: list[int] = []
    for frame, kind in _kinds(in_order(shown)):
        stamps.append(frame.pts or 0)
        for stair in stairs:
            stair.add(frame, kind)
    if not stamps:
        raise ValueError("there is no picture in this segment")
    end = max(times.end, stamps[-1] + 1)
    return [stair.rendered(number, min(stamps[0], times.decode_time), len(stamps), end) for stair in stairs]


def decode_times(shown: Sequence[int], begin: int) -> list[int]:
    """When is each picture decoded? From `begin` on, in the order given, none after it is shown.

    Pictures that all have to be decoded before the next one is shown share the time until then.
    """
    due = list(accumulate(reversed(shown), min))[::-1]
    times = [begin]
    for moment, group in groupby(due[1:]):
        count, before = len(list(group)), times[-1]
        times += [before + (moment - before) * place // count for place in range(1, count + 1)]
    return times


def in_order(frames: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    """Without those that have no time of their own."""
    newest = -1
    for frame in frames:
        if frame.pts is not None and frame.pts > newest:
            newest = frame.pts
            yield frame


def _kinds(frames: Iterator[VideoFrame]) -> Iterator[tuple[VideoFrame, PictureType]]:
    """A key frame first; at the end pictures that refer to nothing behind them: the last one shown is decoded last.

    Only then does its sample last as long as it is shown, and players see no hole before the next segment.
    """
    held: deque[VideoFrame] = deque()
    first = PictureType.I
    for frame in frames:
        held.append(frame)
        if len(held) > _LAST:
            yield held.popleft(), first
            first = PictureType.NONE
    for frame in held:
        yield frame, first or PictureType.P
        first = PictureType.NONE


class _Stair:
    """One rung in the making."""

    def __init__(self, rung: Rung, encoder: str) -> None:
        self._rung = rung
        self._name = encoder
        self._encoder: Encoder | None = None
        self._coded: list[Coded] = []
        self._scaler = Scaler()
        self._size: tuple[int, int] | None = None

    def add(self, frame: VideoFrame, kind: PictureType) -> None:
        if self._size is None:
            self._size = self._rung.fitted(frame.width, frame.height)
        picture = self._scaler.to(frame, *self._size)
        self._encoder = self._encoder or Encoder(self._rung, picture, self._name)
        self._coded += self._encoder.add(picture, kind)

    def rendered(self, number: int, begin: int, count: int, end: int) -> Rendered:
        encoder = self._encoder
        assert encoder is not None
        coded = self._coded + encoder.end()
        if len(coded) != count or not coded[0].sync:
            raise ValueError(f"the encoder made {len(coded)} of {count} pictures")
        times = [*decode_times([one.pts for one in coded], begin), end]
        samples = [
            Sample(one.data, after - at, one.sync, one.pts - at)
            for one, (at, after) in zip(coded, pairwise(times), strict=True)
        ]
        data = fragment.write(number * PARTS_A_SEGMENT + 1, begin, samples)
        said = encoder.said
        return Rendered(self._rung.name, encoder.init(), data, said.codec, said.width, said.height, len(samples))
