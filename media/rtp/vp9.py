"""VP9 pictures from RTP payloads (RFC 9628).

Of a picture with spatial layers the lowest is taken, which needs none of the others. Whether it is a key frame is read
from the frame itself: to the descriptor an intra-only one, from which nobody can begin, looks the same.
"""

from typing import Final, NamedTuple

from media.rtp.assembler import FrameAssembler

_PICTURE_ID, _PREDICTED, _LAYERS, _FLEXIBLE = 0x80, 0x40, 0x20, 0x10
_BEGINS: Final = 0x08
_SCALABILITY: Final = 0x02
_LONG: Final = 0x80
_ANOTHER: Final = 0x01  # N of a reference index
_MOST_REFERENCES: Final = 3


class Descriptor(NamedTuple):
    """What matters of a payload descriptor (4.2), and its size."""

    begins: bool  # a frame of a layer
    spatial_layer: int
    size: int


class Vp9Assembler(FrameAssembler):
    """Begins with the first packet of the lowest layer."""

    def _take(self, payload: bytes) -> None:
        said = descriptor(payload)
        data = payload[said.size :]
        if not data:
            raise ValueError("a packet without a frame")
        if said.spatial_layer:
            return
        if said.begins:
            self._first(data, key_frame=is_key_frame(data))
        else:
            self._more(data)


def is_key_frame(frame: bytes) -> bool:
    """By the uncompressed header (VP9 bitstream specification, 6.2). Raises ValueError for what is no frame."""
    head = frame[0]
    if head >> 6 != 2:
        raise ValueError("not a VP9 frame")
    if head >> 4 & 3 == 3:  # profile 3 has one more bit
        head <<= 1
    return not head & 0x0C  # show_existing_frame, frame_type


def descriptor(payload: bytes) -> Descriptor:
    """Read it. Raises IndexError when it is cut short, ValueError for too many references."""
    first, at, spatial_layer = payload[0], 1, 0
    if first & _PICTURE_ID:
        at += 2 if payload[at] & _LONG else 1
    if first & _LAYERS:
        spatial_layer = payload[at] >> 1 & 7
        at += 1 if first & _FLEXIBLE else 2  # TL0PICIDX
    if first & _FLEXIBLE and first & _PREDICTED:
        at = _references(payload, at)
    if first & _SCALABILITY:
        at = _structure(payload, at)
    return Descriptor(bool(first & _BEGINS), spatial_layer, at)


def _references(payload: bytes, at: int) -> int:
    """Behind the reference indices."""
    for end in range(at + 1, at + 1 + _MOST_REFERENCES):
        if not payload[end - 1] & _ANOTHER:
            return end
    raise ValueError("more than three references")


def _structure(payload: bytes, at: int) -> int:
    """Behind the scalability structure (4.2.1)."""
    head = payload[at]
    at += 1
    if head & 0x10:  # Y: sizes
        at += 4 * ((head >> 5) + 1)
    if head & 0x08:  # G: a description of the group of pictures
        count = payload[at]
        at += 1
        for _ in range(count):
            at += 1 + (payload[at] >> 2 & 3)
    return at
