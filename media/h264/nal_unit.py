"""What kind of NAL unit is this (ITU-T H.264, table 7-1)?"""

from collections.abc import Iterable
from typing import Final

SLICE: Final = 1
IDR: Final = 5
SEI: Final = 6
SPS: Final = 7
PPS: Final = 8
ACCESS_UNIT_DELIMITER: Final = 9


def kind(nal_unit: bytes) -> int:
    """`nal_unit_type`; 0 for an empty one."""
    return nal_unit[0] & 0x1F if nal_unit else 0


def length_prefixed(nal_units: Iterable[bytes]) -> bytes:
    """NAL units as a sample of an MP4 file holds them: each behind its length in four bytes (ISO/IEC 14496-15)."""
    return b"".join(piece for unit in nal_units for piece in (len(unit).to_bytes(4, "big"), unit))


def without_emulation_prevention(nal_unit: bytes) -> bytes:
    """The raw byte sequence payload: 00 00 03 becomes 00 00 (7.4.1)."""
    return nal_unit.replace(b"\x00\x00\x03", b"\x00\x00")
