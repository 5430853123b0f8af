"""NAL units in the form encoders write them: each behind a start code (ITU-T H.264, annex B)."""

from typing import Final

_START: Final = b"\x00\x00\x01"


def nal_units(stream: bytes) -> list[bytes]:
    """The NAL units, without start codes; zeros behind one belong to the next start code or to nothing (B.1.1)."""
    return [unit for piece in stream.split(_START)[1:] if (unit := piece.rstrip(b"\x00"))]
