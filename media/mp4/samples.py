"""Where in a stored segment does each sample lie, and when is it shown? Read from its moofs, kept beside it.

So that a download of an hour needs no look into the segments themselves: some 20 kB a minute say all of it.
"""

import struct
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from media.cmaf.box import boxes, find

Runs = list[tuple[int, int]]
"""How many samples in a row have the same value, and that value."""

_BASE_DATA_OFFSET: Final = 0x1
_DESCRIPTION: Final = 0x2
_DEFAULT_DURATION: Final = 0x8
_DEFAULT_SIZE: Final = 0x10
_DEFAULT_FLAGS: Final = 0x20
_DATA_OFFSET: Final = 0x1
_FIRST_FLAGS: Final = 0x4
_DURATION: Final = 0x100
_SIZE: Final = 0x200
_FLAGS: Final = 0x400
_COMPOSITION: Final = 0x800
_NOT_SYNC: Final = 0x10000
_OURS: Final = _DATA_OFFSET | _DURATION | _SIZE | _FLAGS


class Chunk(NamedTuple):
    """Samples that lie one behind the other: the payload of one mdat."""

    offset: int  # from the first byte of the segment
    samples: int


class SegmentSamples(Struct, array_like=True, frozen=True):
    """The samples of one segment; times in ticks of its track."""

    number: int
    init: int
    decode_time: int
    chunks: list[Chunk]
    sizes: bytes  # bytes of each sample, as 32 bits, big endian: the way stsz has them
    durations: Runs
    syncs: list[int]  # places of the key frames, from 0
    compositions: Runs = []  # presentation minus decode time; empty when they are the same

    @property
    def count(self) -> int:
        """How many samples."""
        return len(self.sizes) // 4

    @property
    def duration(self) -> int:
        """Of all samples together."""
        return sum(count * each for count, each in self.durations)

    def sizes_list(self) -> list[int]:
        """Bytes of each sample."""
        return list(struct.unpack(f">{self.count}I", self.sizes))


class _Row(NamedTuple):
    duration: int
    size: int
    flags: int
    composition: int


class _Defaults(NamedTuple):
    duration: int = 0
    size: int = 0
    flags: int = 0


def read(data: bytes, number: int, init: int) -> SegmentSamples:
    """What stands in the moofs of a segment of one track.

    Raises: ValueError when it is no sequence of fragments, or one that leaves out what it should say.
    """
    try:
        return _read(data, number, init)
    except struct.error as error:
        raise ValueError("a fragment is cut short") from error


def encode(segments: Iterable[SegmentSamples]) -> bytes:
    """The tables of a rendition, as they are stored."""
    return msgspec.msgpack.encode(list(segments))


def decode(data: bytes) -> list[SegmentSamples]:
    """Raises msgspec.ValidationError or DecodeError."""
    return msgspec.msgpack.decode(data, type=list[SegmentSamples])


def _read(data: bytes, number: int, init: int) -> SegmentSamples:
    chunks: list[Chunk] = []
    rows: list[_Row] = []
    decode_time: int | None = None
    moof: bytes | None = None
    at = moof_at = 0
    for name, payload in boxes(data):
        if name == b"moof":
            moof, moof_at = payload, at
        elif name == b"mdat" and moof is not None:
            begins, found = _traf(find(moof, b"traf"), moof_at)
            decode_time = begins if decode_time is None else decode_time
            for chunk, run in found:
                if chunk.offset < moof_at or chunk.offset + sum(row.size for row in run) > at + 8 + len(payload):
                    raise ValueError("a run points outside of its fragment")
                chunks.append(chunk)
                rows += run
            moof = None
        at += 8 + len(payload)
    if decode_time is None:
        raise ValueError("there is no fragment in it")
    compositions = _runs(row.composition for row in rows)
    return SegmentSamples(
        number=number,
        init=init,
        decode_time=decode_time,
        chunks=chunks,
        sizes=struct.pack(f">{len(rows)}I", *(row.size for row in rows)),
        durations=_runs(row.duration for row in rows),
        syncs=[place for place, row in enumerate(rows) if not row.flags & _NOT_SYNC],
        compositions=[] if all(value == 0 for _, value in compositions) else compositions,
    )


def _traf(traf: bytes, moof_at: int) -> tuple[int, list[tuple[Chunk, list[_Row]]]]:
    """The decode time of a track fragment, and its runs (8.8.6 to 8.8.12)."""
    base, defaults, decode_time = moof_at, _Defaults(), 0
    found: list[tuple[Chunk, list[_Row]]] = []
    for name, payload in boxes(traf):
        if name == b"tfhd":
            base, defaults = _header(payload, moof_at)
        elif name == b"tfdt":
            decode_time = struct.unpack_from(">Q" if payload[0] else ">I", payload, 4)[0]
        elif name == b"trun":
            found.append(_run(payload, base, defaults))
    return decode_time, found


def _header(payload: bytes, moof_at: int) -> tuple[int, _Defaults]:
    (flags,) = struct.unpack_from(">I", payload)
    at, base, said = 8, moof_at, [0, 0, 0]
    if flags & _BASE_DATA_OFFSET:
        (base,) = struct.unpack_from(">Q", payload, at)
        at += 8
    if flags & _DESCRIPTION:
        at += 4
    for place, flag in enumerate((_DEFAULT_DURATION, _DEFAULT_SIZE, _DEFAULT_FLAGS)):
        if flags & flag:
            (said[place],) = struct.unpack_from(">I", payload, at)
            at += 4
    return base, _Defaults(*said)


def _run(payload: bytes, base: int, defaults: _Defaults) -> tuple[Chunk, list[_Row]]:
    word, count = struct.unpack_from(">II", payload)
    flags, at, first_flags = word & 0xFFFFFF, 8, None
    if not flags & _DATA_OFFSET:
        raise ValueError("a run does not say where its samples are")
    (offset,) = struct.unpack_from(">i", payload, at)
    at += 4
    if flags & _FIRST_FLAGS:
        (first_flags,) = struct.unpack_from(">I", payload, at)
        at += 4
    if flags == _OURS:  # what the packager writes: nothing to decide for each sample
        triples = struct.iter_unpack(">III", payload[at : at + 12 * count])
        rows = [_Row(duration, size, said, 0) for duration, size, said in triples]
    else:
        rows = list(_rows(payload, at, count, flags, defaults))
    if len(rows) != count:
        raise ValueError("a run is cut short")
    if first_flags is not None and rows:
        rows[0] = rows[0]._replace(flags=first_flags)
    return Chunk(base + offset, count), rows


def _rows(payload: bytes, at: int, count: int, flags: int, defaults: _Defaults) -> Iterator[_Row]:
    fields = [(_DURATION, 0), (_SIZE, 1), (_FLAGS, 2), (_COMPOSITION, 3)]
    there = [place for flag, place in fields if flags & flag]
    layout = struct.Struct(">" + "".join("i" if place == len(defaults) else "I" for place in there))
    for number in range(count):
        row = [*defaults, 0]
        for place, value in zip(there, layout.unpack_from(payload, at + number * layout.size), strict=True):
            row[place] = value
        yield _Row(*row)


def _runs(values: Iterable[int]) -> Runs:
    return [(sum(1 for _ in same), value) for value, same in groupby(values)]
