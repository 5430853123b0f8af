"""NAL units in a byte stream (ITU-T H.264, annex B): each behind a start code."""

from typing import Final

_START: Final = b"\x00\x00\x01"


def split(data: bytes) -> tuple[bytes, ...]:
    """The NAL units without start codes. Raises ValueError when `data` does not begin with one."""
    before, *units = data.split(_START)
    if before.strip(b"\x00") or not units:
        raise ValueError("the access unit does not begin with a start code")
    found = tuple(unit for unit in (piece.rstrip(b"\x00") for piece in units) if unit)  # no NAL unit ends with a zero
    if not found:
        raise ValueError("the access unit is empty")
    return found
