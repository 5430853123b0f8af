"""What a message of the RAW stream says about its payload: a page of what a source sent, not decoded by anybody."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

SOURCE: Final = "Loom-Source"
"""Header of a part that was made of RAW: the last sample in it, see `media/journal/page.py`."""
RESUME: Final = "Loom-Resume-Sequence"
"""Header of the same: the page from which a decoder must begin to go on behind it."""
AUTHOR: Final = "Loom-Author"
"""Header of the same: which worker made it."""


class PageHeaders(Struct, frozen=True):
    """Each page can be the first that a worker reads: all that has to be known of its session stands here."""

    session: str  # of the source; another one has another clock
    number: int  # 0, 1, … within the session
    codec: str  # of the picture: "H264", "VP8", "VP9", "AV1"; empty without one
    channels: int  # of the sound; 0 without any
    part_s: float
    segment_s: float


def page_from_headers(headers: Mapping[str, str]) -> PageHeaders:
    """Read back what `schemas.media.to_headers` wrote. Raises KeyError or ValueError for what is not of a page."""
    return PageHeaders(
        session=headers["Loom-Session"],
        number=int(headers["Loom-Number"]),
        codec=headers["Loom-Codec"],
        channels=int(headers["Loom-Channels"]),
        part_s=float(headers["Loom-Part-S"]),
        segment_s=float(headers["Loom-Segment-S"]),
    )
