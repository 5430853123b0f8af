"""Which sizes is a recording offered in, and how well? Up to its own size, capped where a smaller one costs more.

Text is cheap as long as its pixels repeat; scaled down it becomes noise. At the same quality scrolling text takes
twice the bits at 720p that it takes at 1080p, so each rung has a bound of bits besides its quality.
"""

from typing import Final

from msgspec import Struct


class Rung(Struct, frozen=True):
    """One rendition: the box its picture is fitted into, lying or standing, and how it is encoded."""

    name: str
    width: int
    height: int
    crf: float
    """Constant quality of x264: 6 more is half the bits."""
    max_bits_per_s: int
    """Over any second."""

    def fitted(self, width: int, height: int) -> tuple[int, int]:
        """The size of a picture of this size here: of the same shape, even, never larger."""
        long, short = max(width, height), min(width, height)
        scale = min(1.0, self.width / long, self.height / short)
        return _even(width * scale), _even(height * scale)


LADDER: Final = (
    Rung("1080p", 1920, 1080, 23, 6_000_000),
    Rung("720p", 1280, 720, 23, 3_000_000),
    Rung("480p", 854, 480, 23, 1_500_000),
    Rung("360p", 640, 360, 23, 800_000),
)
LIVE: Final = Rung("live360", 640, 360, 25, 700_000)
"""Made while it is being recorded; 360p of the ladder takes its place."""
_NEARLY: Final = 0.95
"""A window that is a few lines short of a rung is still offered at its own size."""


def ladder(width: int, height: int) -> tuple[Rung, ...]:
    """The rungs of a recording whose largest picture is of this size, largest first: none is larger than the source."""
    long, short = max(width, height), min(width, height)
    return tuple(rung for rung in LADDER if max(long / rung.width, short / rung.height) >= _NEARLY)


def _even(length: float) -> int:
    return max(round(length / 2) * 2, 2)
