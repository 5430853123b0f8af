"""What does a recording look like? One of its key frames as a JPEG, and how much there is to see in it."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Final, NamedTuple

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

MAX_WIDTH: Final = 640
FLAT: Final = 0.2
"""Below so many bits a pixel it is one colour (0.15) with next to nothing on it."""
_QUALITY: Final = 4  # FFmpeg's scale for JPEG: 2 is best, 31 worst; 4 is about "80"
_LAMBDA: Final = 118  # FF_QP2LAMBDA: what global_quality counts in


class Picture(NamedTuple):
    """A JPEG with its size in pixels."""

    jpeg: bytes
    width: int
    height: int

    @property
    def detail(self) -> float:
        """Bits a pixel at a fixed quality: what a compressor could not leave out."""
        return len(self.jpeg) * 8 / (self.width * self.height)


def poster(init: bytes, part: bytes, max_width: int = MAX_WIDTH) -> Picture:
    """The first frame of `part`, at most `max_width` wide.

    Raises: av.error.FFmpegError when it cannot be decoded, ValueError when there is no frame in it.
    """
    frame = _first_frame(init + part)
    width, height = _fitted(frame.width, frame.height, max_width)
    scaled = frame.reformat(width, height, format="yuvj420p", interpolation="AREA")
    return Picture(_jpeg(scaled), width, height)


def _first_frame(track: bytes) -> VideoFrame:
    with av.open(io.BytesIO(track), mode="r", format="mp4") as container:
        for frame in container.decode(video=0):
            return frame
    raise ValueError("there is no frame in this part")


def _fitted(width: int, height: int, max_width: int) -> tuple[int, int]:
    """Even sizes of the same shape, never larger than the frame."""
    scale = min(1.0, max_width / width)
    return max(round(width * scale / 2) * 2, 2), max(round(height * scale / 2) * 2, 2)


def _jpeg(frame: VideoFrame) -> bytes:
    encoder = av.CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "yuvj420p"
    encoder.time_base = Fraction(1, 1)
    encoder.options = {"flags": "+qscale", "global_quality": str(_QUALITY * _LAMBDA)}
    frame.pts = 0
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])
