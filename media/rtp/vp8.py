"""VP8 frames from RTP payloads (RFC 7741)."""

from typing import Final

from media.rtp.assembler import FrameAssembler

_EXTENDED: Final = 0x80
_START: Final = 0x10
_PARTITION: Final = 0x0F
_PICTURE_ID, _LAYER_ZERO, _LAYER, _KEY_INDEX = 0x80, 0x40, 0x20, 0x10
_LONG: Final = 0x80
START_CODE: Final = b"\x9d\x01\x2a"


class Vp8Assembler(FrameAssembler):
    """Begins with the first packet of the first partition; a key frame shows by the frame's own first byte."""

    def _take(self, payload: bytes) -> None:
        data = payload[descriptor(payload) :]
        if not data:
            raise ValueError("a packet without a frame")
        if payload[0] & _START and not payload[0] & _PARTITION:
            key_frame = not data[0] & 1
            if key_frame and data[3:6] != START_CODE:
                raise ValueError("a key frame without its start code (RFC 6386, 9.1)")
            self._first(data, key_frame=key_frame)
        else:
            self._more(data)


def descriptor(payload: bytes) -> int:
    """How many bytes the payload descriptor has (4.2). Raises IndexError when it is cut short."""
    at = 1
    if payload[0] & _EXTENDED:
        fields = payload[1]
        at = 2
        if fields & _PICTURE_ID:
            at += 2 if payload[at] & _LONG else 1
        at += bool(fields & _LAYER_ZERO) + bool(fields & (_LAYER | _KEY_INDEX))
    return at
