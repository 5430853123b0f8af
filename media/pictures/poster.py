"""What does a recording look like? One of its key frames as a JPEG, and how much there is to see in it."""

from typing import Final, NamedTuple

from media.pictures.decoding import first_frame, fitted
from media.pictures.jpeg import FULL_RANGE, jpeg

MAX_WIDTH: Final = 640
FLAT: Final = 0.2
"""Below so many bits a pixel it is one colour (0.15) with next to nothing on it."""


class Picture(NamedTuple):
    """A JPEG with its size in pixels."""

    jpeg: bytes
    width: int
    height: int

    @property
    def detail(self) -> float:
        """Bits a pixel at a fixed quality: what a compressor could not leave out."""
        return len(self.jpeg) * 8 / (self.width * self.height)


def poster(init: bytes, part: bytes, max_width: int = MAX_WIDTH, skip_s: float = 0.0) -> Picture:
    """The first frame of `part`, or the one `skip_s` later, at most `max_width` wide.

    Raises: av.error.FFmpegError when it cannot be decoded, ValueError when there is no frame in it.
    """
    frame = first_frame(init + part, skip_s)
    width, height = fitted(frame.width, frame.height, max_width)
    return Picture(jpeg(frame.reformat(width, height, format=FULL_RANGE, interpolation="AREA")), width, height)
