"""How long does an Opus packet last (RFC 6716, 3.1)?"""

from typing import Final

_FRAME: Final = (
    *(480, 960, 1920, 2880) * 3,  # SILK, configurations 0 to 11
    *(480, 960) * 2,  # hybrid, 12 to 15
    *(120, 240, 480, 960) * 4,  # CELT, 16 to 31
)

SILENCE: Final = b"\xf8\xff\xfe"
"""20 ms of nothing: a CELT packet of three bytes, as encoders send it in DTX."""
SILENCE_TICKS: Final = 960


def duration(packet: bytes) -> int:
    """Ticks of 48 kHz; 0 for what is no packet."""
    if not packet:
        return 0
    toc = packet[0]
    code = toc & 3
    if code == 3:
        return _FRAME[toc >> 3] * (packet[1] & 0x3F) if len(packet) > 1 else 0
    return _FRAME[toc >> 3] * (1 if code == 0 else 2)
