"""The decoder configuration of an `avc1` track (ISO/IEC 14496-15, 5.3.3.1): avcC, from the stream's parameter sets."""

from typing import Final

from media.h264.sps import SequenceParameterSet

_WITHOUT_CHROMA: Final = frozenset({66, 77, 88})


def avcc(sps: bytes, pps: bytes, said: SequenceParameterSet) -> bytes:
    """The payload of the avcC box; samples carry lengths of four bytes."""
    record = b"".join(
        (
            bytes((1, said.profile, said.compatibility, said.level, 0xFC | 3, 0xE0 | 1)),
            len(sps).to_bytes(2, "big"),
            sps,
            b"\x01",
            len(pps).to_bytes(2, "big"),
            pps,
        )
    )
    if said.profile in _WITHOUT_CHROMA:
        return record
    depths = (0xF8 | (said.bit_depth_luma - 8), 0xF8 | (said.bit_depth_chroma - 8))
    return record + bytes((0xFC | said.chroma_format, *depths, 0))
