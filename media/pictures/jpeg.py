"""How does a frame become a JPEG? FFmpeg's encoder at a fixed quality."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

import av
from av.video.codeccontext import VideoCodecContext

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

FULL_RANGE: Final = "yuvj420p"
GOOD: Final = 3  # FFmpeg's scale for JPEG: 2 is best, 31 worst


def jpeg(frame: VideoFrame, quality: int = GOOD) -> bytes:
    """A frame in `FULL_RANGE` as a JPEG. Raises av.error.FFmpegError."""
    encoder = av.CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, FULL_RANGE
    encoder.time_base = Fraction(1, 1)
    encoder.thread_count = 1
    encoder.options = {"qmin": str(quality), "qmax": str(quality)}  # it does not heed `global_quality`
    frame.pts = 0
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])
