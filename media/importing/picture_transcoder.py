"""Any picture becomes H.264 that every browser plays: upright, of square pixels, 8 bits, a key frame every segment."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING, Final, NamedTuple

import av
from av.error import FFmpegError
from av.filter import Graph
from av.video.codeccontext import VideoCodecContext
from av.video.format import VideoFormat
from av.video.frame import PictureType

from media.h264 import annex_b
from media.importing.batch import Picture
from schemas.media import VIDEO_TIMESCALE

if TYPE_CHECKING:
    from av.packet import Packet
    from av.stream import Stream
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

MOST_PIXELS: Final = 3840 * 2160
LEAST_STEP: Final = VIDEO_TIMESCALE // 61
"""At most sixty frames a second."""
STILL: Final = VIDEO_TIMESCALE // 5
"""A picture that stands is said again so often: every part has one of its own."""
LARGEST_STEP: Final = VIDEO_TIMESCALE // 4
LONGEST_LAST: Final = 2 * VIDEO_TIMESCALE
DELAY: Final = VIDEO_TIMESCALE // 10
THREADS: Final = 2
_CRF: Final = 21
_MOST_BITS_A_PIXEL: Final = 4


class _Shape(NamedTuple):
    """What a filter graph is made for."""

    width: int
    height: int
    format: str
    rotation: int


class TranscodedPicture:
    """Times are behind `begins_s`; the last picture stands until `ends_s`."""

    def __init__(self, stream: VideoStream, begins_s: float, ends_s: float, segment_s: float) -> None:
        self._stream = stream
        self._decoder = stream.codec_context
        self._decoder.thread_count = THREADS
        self._begins_s = begins_s
        self._end = round((ends_s - begins_s) * VIDEO_TIMESCALE)
        self._group = round(segment_s * VIDEO_TIMESCALE)
        self._graph: Graph | None = None
        self._shape: _Shape | None = None
        self._size = (0, 0)
        self._encoder: VideoCodecContext | None = None
        self._last: VideoFrame | None = None
        self._last_at = -1
        self._next_key = 0
        self.frontier_s = 0.0
        self.lost = 0

    def take(self, packet: Packet[Stream] | None) -> list[Picture]:
        """The frames that a packet completes; None is the end of the file."""
        try:
            frames = self._decoder.decode(packet)
        except FFmpegError:
            self.lost += 1
            return []
        return [made for frame in frames for made in self._add(frame)]

    def end(self) -> list[Picture]:
        """What decoder and encoder have kept back."""
        out = self.take(None)
        out += self._stand(min(self._end, self._last_at + LONGEST_LAST))
        return out + (list(self._coded(None)) if self._encoder else [])

    def _add(self, frame: VideoFrame) -> Iterator[Picture]:
        at = self._place(frame)
        if self._last is not None and at - self._last_at < LEAST_STEP:
            return
        try:
            upright = self._prepared(frame)
        except FFmpegError:
            self.lost += 1
            return
        if self._last is None and at > DELAY:  # sound has begun before it
            yield from self._encoded(upright, 0)
        yield from self._stand(at)
        self._last = upright
        yield from self._encoded(upright, at)

    def _stand(self, until: int) -> Iterator[Picture]:
        """The last picture again, until nearly then."""
        while self._last is not None and until - self._last_at > LARGEST_STEP:
            yield from self._encoded(self._last, self._last_at + STILL)

    def _place(self, frame: VideoFrame) -> int:
        if frame.pts is None or frame.time_base is None:
            return self._last_at + VIDEO_TIMESCALE // 30
        return max(round((float(frame.pts * frame.time_base) - self._begins_s) * VIDEO_TIMESCALE), 0)

    def _prepared(self, frame: VideoFrame) -> VideoFrame:
        shape = _Shape(frame.width, frame.height, frame.format.name, frame.rotation)
        if self._graph is None or shape != self._shape:
            ratio = self._decoder.sample_aspect_ratio or Fraction(1)
            if self._size == (0, 0):
                self._size = _fitted(shape, ratio)
            self._graph, self._shape = _graph(shape, self._size), shape
        frame.pts, frame.time_base = 0, Fraction(1, VIDEO_TIMESCALE)
        self._graph.vpush(frame)
        return self._graph.vpull()

    def _encoded(self, frame: VideoFrame, at: int) -> Iterator[Picture]:
        if self._encoder is None:
            self._encoder = _encoder(self._size)
        frame.pts, frame.time_base = at, Fraction(1, VIDEO_TIMESCALE)
        is_due = at >= self._next_key
        frame.pict_type = PictureType.I if is_due else PictureType.NONE
        self._next_key = at + self._group if is_due else self._next_key
        self._last_at = at
        yield from self._coded(frame)

    def _coded(self, frame: VideoFrame | None) -> Iterator[Picture]:
        assert self._encoder
        try:
            packets = self._encoder.encode(frame)
        except FFmpegError as error:
            raise ValueError(f"The picture cannot be made anew: {error.strerror}.") from error
        for packet in packets:
            self.frontier_s = (packet.pts or 0) / VIDEO_TIMESCALE
            yield Picture(packet.pts or 0, packet.is_keyframe, annex_b.nal_units(bytes(packet)))


def _fitted(shape: _Shape, pixel: Fraction) -> tuple[int, int]:
    """Even, upright, of square pixels, not larger than it was nor than `MOST_PIXELS`."""
    wide = float(pixel) if 0.1 < pixel < 10 else 1.0
    width, height = (shape.width * wide, float(shape.height)) if wide >= 1 else (shape.width, shape.height / wide)
    if shape.rotation % 180:
        width, height = height, width
    scale = min(1.0, sqrt(MOST_PIXELS / (width * height)))
    return max(round(width * scale / 2) * 2, 16), max(round(height * scale / 2) * 2, 16)


_TURNS: Final = {90: ("transpose=cclock",), 180: ("hflip", "vflip"), 270: ("transpose=clock",)}


def _graph(shape: _Shape, size: tuple[int, int]) -> Graph:
    """From a decoded frame to one that can be encoded."""
    graph = Graph()
    source = graph.add_buffer(
        width=shape.width, height=shape.height, format=VideoFormat(shape.format), time_base=Fraction(1, VIDEO_TIMESCALE)
    )
    words = [
        *_TURNS.get(shape.rotation % 360, ()),
        f"scale={size[0]}:{size[1]}:out_range=tv",
        "format=yuv420p",
        "setsar=1",
        "buffersink",
    ]
    before = source
    for word in words:
        name, _, arguments = word.partition("=")
        following = graph.add(name, arguments or None)
        before.link_to(following)
        before = following
    graph.configure()
    return graph


def _encoder(size: tuple[int, int]) -> VideoCodecContext:
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height = size
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = Fraction(1, VIDEO_TIMESCALE)
    encoder.framerate = Fraction(30)
    encoder.thread_count = THREADS
    most = max(size[0] * size[1] * _MOST_BITS_A_PIXEL, 500_000)
    encoder.options = {
        "preset": "veryfast",
        "crf": str(_CRF),
        "bf": "0",
        "sc_threshold": "0",
        "g": "100000",
        "forced-idr": "1",
        "maxrate": str(most),
        "bufsize": str(2 * most),
    }
    return encoder
