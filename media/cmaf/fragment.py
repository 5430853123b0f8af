"""CMAF chunks: one moof and one mdat (ISO/IEC 23000-19, 7.3.2.3), written and read back."""

import struct
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from media.cmaf.box import box, boxes, find, full_box
from media.cmaf.init import TRACK_ID

_SYNC: Final = 0x02000000  # sample_depends_on: no other
_NOT_SYNC: Final = 0x01010000  # depends on others, is no sync sample
_DATA_OFFSET: Final = 0x1
_DURATION: Final = 0x100
_SIZE: Final = 0x200
_FLAGS: Final = 0x400
_OFFSET: Final = 0x800
_ROW: Final = struct.Struct(">III")
_ROW_WITH_OFFSET: Final = struct.Struct(">IIIi")
_PLAIN: Final = _DATA_OFFSET | _DURATION | _SIZE | _FLAGS
_SIGNED: Final = 1 << 24
"""Version of a run whose composition offsets may be negative (8.8.8)."""


class Sample(NamedTuple):
    """One coded frame or packet, in decoding order; `duration` in ticks.

    `offset` is how much later than decoded it is shown, in ticks (the composition time offset).
    """

    data: bytes
    duration: int
    sync: bool = True
    offset: int = 0


class Fragment(NamedTuple):
    """What a chunk holds; `decode_time` in ticks."""

    decode_time: int
    samples: list[Sample]


def write(sequence: int, decode_time: int, samples: Sequence[Sample]) -> bytes:
    """A chunk of at least one sample; `sequence` grows within a rendition."""
    if any(s.offset for s in samples):
        flags = _SIGNED | _PLAIN | _OFFSET
        rows = b"".join(_ROW_WITH_OFFSET.pack(s.duration, len(s.data), _said(s), s.offset) for s in samples)
    else:
        flags = _PLAIN
        rows = b"".join(_ROW.pack(s.duration, len(s.data), _said(s)) for s in samples)
    moof_size = 8 + 16 + 8 + 16 + 20 + 20 + len(rows)
    run = struct.pack(">II", len(samples), moof_size + 8)
    moof = box(
        b"moof",
        full_box(b"mfhd", 0, 0, struct.pack(">I", sequence & 0xFFFFFFFF)),
        box(
            b"traf",
            full_box(b"tfhd", 0, 0x020000, struct.pack(">I", TRACK_ID)),  # default-base-is-moof
            full_box(b"tfdt", 1, 0, struct.pack(">Q", decode_time)),
            full_box(b"trun", flags >> 24, flags & 0xFFFFFF, run, rows),
        ),
    )
    return moof + box(b"mdat", *(s.data for s in samples))


def read(data: bytes) -> Fragment:
    """A chunk that `write` wrote. Raises ValueError for anything else."""
    try:
        return _read(data)
    except struct.error as error:
        raise ValueError("the chunk is cut short") from error


def read_all(data: bytes) -> list[Fragment]:
    """The chunks of a segment, one behind the other. Raises ValueError for anything else."""
    found, begin, at = [], 0, 0
    for name, payload in boxes(data):
        at += len(payload) + 8
        if name == b"mdat":
            found.append(read(data[begin:at]))
            begin = at
    if begin != len(data) or not found:
        raise ValueError("the segment does not end with a chunk")
    return found


def _said(sample: Sample) -> int:
    return _SYNC if sample.sync else _NOT_SYNC


def _read(data: bytes) -> Fragment:
    traf = find(data, b"moof", b"traf")
    run = find(traf, b"trun")
    flags, count, _ = struct.unpack_from(">III", run)
    rows = _rows(flags, run[12:], count)
    (decode_time,) = struct.unpack_from(">Q", find(traf, b"tfdt"), 4)
    starts = accumulate((row[1] for row in rows), initial=0)
    payload = find(data, b"mdat")
    if sum(row[1] for row in rows) != len(payload):
        raise ValueError("the samples' sizes do not add up to the payload")
    samples = [
        Sample(payload[start : start + size], duration, said == _SYNC, offset)
        for (duration, size, said, offset), start in zip(rows, starts, strict=False)
    ]
    return Fragment(decode_time, samples)


def _rows(flags: int, run: bytes, count: int) -> list[tuple[int, int, int, int]]:
    if flags == _PLAIN:
        return [(*row, 0) for row in _ROW.iter_unpack(run[: count * _ROW.size])]
    if flags == _SIGNED | _PLAIN | _OFFSET:
        return list(_ROW_WITH_OFFSET.iter_unpack(run[: count * _ROW_WITH_OFFSET.size]))
    raise ValueError(f"the run's flags are {flags:#x}, not those written here")
