"""What stands in front of stored segments so that they are one MP4 file: ftyp, moov and the head of the mdat.

The segments are the payload of the mdat, whole and in the order in which they are to lie: their own moofs are in it
too, where nobody points to. So nothing is copied, nothing is coded anew, and a range of bytes is a range of objects.
"""

import struct
from collections.abc import Sequence
from typing import Final

from media.cmaf.box import box, full_box
from media.mp4.track import MATRIX, MOVIE_TIMESCALE, Table, Track

MDAT_HEAD: Final = 16
"""A box whose length takes 64 bits."""


def head(tracks: Sequence[Track], payload_bytes: int, *, sound_only: bool = False) -> bytes:
    """Everything before the first segment; offsets of the tracks count from there."""
    brand = b"M4A " if sound_only else b"isom"
    kind = box(b"ftyp", brand, struct.pack(">I", 0x200), brand, b"iso2", b"mp41", b"mp42")
    begin = min(track.begin / track.timescale for track in tracks)
    tables = [track.table() for track in tracks]
    length = len(kind) + len(_moov(tables, begin, 0)) + MDAT_HEAD
    data = struct.pack(">I4sQ", 1, b"mdat", payload_bytes + MDAT_HEAD)
    return kind + _moov(tables, begin, length) + data


def _moov(tables: Sequence[Table], begin: float, base: int) -> bytes:
    ends = [table.track.begin / table.track.timescale + table.duration / table.track.timescale for table in tables]
    duration = round((max(ends) - begin) * MOVIE_TIMESCALE)
    times = struct.pack(">QQIQIH", 0, 0, MOVIE_TIMESCALE, duration, 0x10000, 0x100)
    header = full_box(b"mvhd", 1, 0, times, bytes(10), MATRIX, bytes(24), struct.pack(">I", len(tables) + 1))
    return box(b"moov", header, *(table.box(number, begin, base) for number, table in enumerate(tables, 1)))
