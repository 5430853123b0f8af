"""CMAF chunks: one moof and one mdat (ISO/IEC 23000-19, 7.3.2.3), written and read back."""

import struct
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from media.cmaf.box import box, find, full_box
from media.cmaf.init import TRACK_ID

_SYNC: Final = 0x02000000  # sample_depends_on: no other
_NOT_SYNC: Final = 0x01010000  # depends on others, is no sync sample
_DATA_OFFSET: Final = 0x1
_DURATION: Final = 0x100
_SIZE: Final = 0x200
_FLAGS: Final = 0x400
_ROW: Final = struct.Struct(">III")


class Sample(NamedTuple):
    """One coded frame or packet; `duration` in ticks."""

    data: bytes
    duration: int
    sync: bool = True


class Fragment(NamedTuple):
    """What a chunk holds; `decode_time` in ticks."""

    decode_time: int
    samples: list[Sample]


def write(sequence: int, decode_time: int, samples: Sequence[Sample]) -> bytes:
    """A chunk of at least one sample; `sequence` grows within a rendition."""
    rows = b"".join(_ROW.pack(s.duration, len(s.data), _SYNC if s.sync else _NOT_SYNC) for s in samples)
    moof_size = 8 + 16 + 8 + 16 + 20 + 20 + len(rows)
    run = struct.pack(">II", len(samples), moof_size + 8)
    moof = box(
        b"moof",
        full_box(b"mfhd", 0, 0, struct.pack(">I", sequence & 0xFFFFFFFF)),
        box(
            b"traf",
            full_box(b"tfhd", 0, 0x020000, struct.pack(">I", TRACK_ID)),  # default-base-is-moof
            full_box(b"tfdt", 1, 0, struct.pack(">Q", decode_time)),
            full_box(b"trun", 0, _DATA_OFFSET | _DURATION | _SIZE | _FLAGS, run, rows),
        ),
    )
    return moof + box(b"mdat", *(s.data for s in samples))


def read(data: bytes) -> Fragment:
    """A chunk that `write` wrote. Raises ValueError for anything else."""
    try:
        return _read(data)
    except struct.error as error:
        raise ValueError("the chunk is cut short") from error


def _read(data: bytes) -> Fragment:
    traf = find(data, b"moof", b"traf")
    run = find(traf, b"trun")
    flags, count, _ = struct.unpack_from(">III", run)
    if flags != _DATA_OFFSET | _DURATION | _SIZE | _FLAGS:
        raise ValueError(f"the run's flags are {flags:#x}, not those written here")
    (decode_time,) = struct.unpack_from(">Q", find(traf, b"tfdt"), 4)
    rows = list(_ROW.iter_unpack(run[12 : 12 + count * _ROW.size]))
    starts = accumulate((size for _, size, _ in rows), initial=0)
    payload = find(data, b"mdat")
    if sum(size for _, size, _ in rows) != len(payload):
        raise ValueError("the samples' sizes do not add up to the payload")
    samples = [
        Sample(payload[start : start + size], duration, said == _SYNC)
        for (duration, size, said), start in zip(rows, starts, strict=False)
    ]
    return Fragment(decode_time, samples)
