"""Pictures into H.264, at once, with a key frame wherever one is asked for."""

from fractions import Fraction
from typing import Final

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.frame import VideoFrame as Picture

from media.h264.annex_b import nal_units

QUALITY: Final = 23
BITS_A_PIXEL: Final = 4.0  # a second, at most: 3.7 Mbit/s at 720p
LARGE: Final = 1280 * 720
LARGER: Final = 1920 * 1088
_ENDLESS: Final = 1 << 20
"""Key frames come when they are asked for."""


class Encoder:
    """libx264 for pictures of one size; what it is given may be of any other."""

    def __init__(self, width: int, height: int, *, hurries: bool = False) -> None:
        """Who `hurries` takes half the time for a picture of the same quality, and more bits."""
        self.size = width, height
        self.hurries = hurries
        self._even = width + width % 2, height + height % 2  # 4:2:0 has no half samples
        self._context = _opened(*self._even, hurries=hurries)
        self._count = 0

    def encode(self, picture: Picture, *, key_frame: bool) -> tuple[bytes, ...]:
        """The NAL units of it; of a key frame the parameter sets among them. The first one always is."""
        width, height = self._even
        if picture.format.name != "yuv420p" or (picture.width, picture.height) != self._even:
            picture = picture.reformat(width, height, format="yuv420p")
        picture.pts, picture.time_base = self._count, self._context.time_base
        picture.pict_type = PictureType.I if key_frame else PictureType.NONE
        self._count += 1
        return tuple(nal_units(b"".join(bytes(packet) for packet in self._context.encode(picture))))


def _opened(width: int, height: int, *, hurries: bool) -> VideoCodecContext:
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, VideoCodecContext)
    pixels = width * height
    most = round(pixels * BITS_A_PIXEL)
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 30), Fraction(30)
    context.gop_size, context.max_b_frames = _ENDLESS, 0
    context.thread_count = 1 if pixels <= LARGE else 2
    context.options = {
        "preset": "superfast" if pixels <= LARGER and not hurries else "ultrafast",
        "tune": "zerolatency",
        "crf": str(QUALITY),
        "maxrate": str(most),
        "bufsize": str(2 * most),
        "forced-idr": "1",
        "x264-params": "scenecut=0",
    }
    return context
