"""Can this H.264 track go on as it is, and how? By its configuration record (ISO/IEC 14496-15, 5.3.3.1)."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from media.h264 import sps as parameter_sets
from media.h264.nal_unit import IDR, PPS, SPS, kind

_PLAYED_EVERYWHERE: Final = frozenset({66, 77, 88, 100})  # baseline, main, extended, high


class AvcStream(Struct, frozen=True):
    """How its samples are cut into NAL units, and the parameter sets that stand apart from them."""

    length_size: int
    sps: bytes
    pps: bytes

    def nal_units(self, sample: bytes) -> list[bytes]:
        """Those of one sample. Raises ValueError when they do not add up."""
        units, at, size = [], 0, self.length_size
        while at + size <= len(sample):
            length = int.from_bytes(sample[at : at + size], "big")
            at += size
            if at + length > len(sample):
                raise ValueError("a NAL unit is longer than its sample")
            if length:
                units.append(sample[at : at + length])
            at += length
        if at != len(sample) or not units:
            raise ValueError("the sample is cut short")
        return units

    def with_parameter_sets(self, units: list[bytes]) -> list[bytes]:
        """A key frame that a decoder can begin with."""
        kinds = {kind(unit) for unit in units}
        return units if {SPS, PPS} <= kinds else [self.sps, self.pps, *units]


def read(record: bytes) -> AvcStream:
    """Raises ValueError, with why, for a track that browsers do not play or that cannot be cut anew as it is."""
    if len(record) < 7 or record[0] != 1:
        raise ValueError("its configuration is not that of an MP4 track")
    found: list[list[bytes]] = []
    at = 5
    for mask in (0x1F, 0xFF):
        count, at = record[at] & mask, at + 1
        sets = []
        for _ in range(count):
            length = int.from_bytes(record[at : at + 2], "big")
            sets.append(record[at + 2 : at + 2 + length])
            at += 2 + length
        if at > len(record) or len(sets) != 1:
            raise ValueError("it has several parameter sets, or none")
        found.append(sets)
    said = parameter_sets.parse(found[0][0])
    if said.profile not in _PLAYED_EVERYWHERE or said.chroma_format != 1 or said.bit_depth_luma != 8:
        raise ValueError(f"browsers do not play profile {said.profile} with {said.bit_depth_luma} bits")
    return AvcStream((record[4] & 3) + 1, found[0][0], found[1][0])


def is_idr(units: list[bytes]) -> bool:
    """Whether a decoder can begin here."""
    return any(kind(unit) == IDR for unit in units)
