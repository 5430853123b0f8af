"""The decoder configuration of an `avc1` track (ISO/IEC 14496-15, 5.3.3.1): avcC, from the stream's parameter sets."""

from typing import Final, NamedTuple

from media.h264.sps import SequenceParameterSet

_HEAD: Final = 6
_WITHOUT_CHROMA: Final = frozenset({66, 77, 88})


class ParameterSets(NamedTuple):
    """Of sequences, and of pictures."""

    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]


NONE: Final = ParameterSets((), ())


def avcc(sps: bytes, pps: bytes, said: SequenceParameterSet, further: ParameterSets = NONE) -> bytes:
    """The payload of the avcC box; samples carry lengths of four bytes. `further` sets have numbers of their own."""
    sequences, pictures = (sps, *further.sps), (pps, *further.pps)
    record = b"".join(
        (
            bytes((1, said.profile, said.compatibility, said.level, 0xFC | 3, 0xE0 | len(sequences))),
            *map(_counted, sequences),
            bytes((len(pictures),)),
            *map(_counted, pictures),
        )
    )
    if said.profile in _WITHOUT_CHROMA:
        return record
    depths = (0xF8 | (said.bit_depth_luma - 8), 0xF8 | (said.bit_depth_chroma - 8))
    return record + bytes((0xFC | said.chroma_format, *depths, 0))


def parameter_sets(record: bytes) -> ParameterSets:
    """Those in the payload of an avcC box. Raises ValueError when it is cut short."""
    sequences, at = _sets(record, 6, record[5] & 0x1F if len(record) > _HEAD else 0)
    pictures, _ = _sets(record, at + 1, record[at] if len(record) > at else 0)
    if not sequences or not pictures:
        raise ValueError("the decoder configuration has no parameter sets")
    return ParameterSets(sequences, pictures)


def _sets(record: bytes, at: int, count: int) -> tuple[tuple[bytes, ...], int]:
    found = []
    for _ in range(count):
        length = int.from_bytes(record[at : at + 2], "big")
        found.append(record[at + 2 : at + 2 + length])
        at += 2 + length
    if at > len(record):
        raise ValueError("the decoder configuration is cut short")
    return tuple(found), at


def _counted(unit: bytes) -> bytes:
    return len(unit).to_bytes(2, "big") + unit
