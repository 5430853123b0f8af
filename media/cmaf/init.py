"""Initialisation segments: ftyp and moov of a track without samples (ISO/IEC 23000-19, 7.3.1)."""

import struct
from typing import Final

from media.cmaf.box import box, full_box
from media.h264.avc_configuration import NONE, ParameterSets, avcc
from media.h264.sps import SequenceParameterSet
from schemas.media import AUDIO_TIMESCALE, VIDEO_TIMESCALE

TRACK_ID: Final = 1
"""Every rendition is a file of its own, so every track is number one; init and fragments must agree (hls.js)."""

_MATRIX: Final = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_UNDETERMINED: Final = 0x55C4  # ISO 639-2 "und" packed in 15 bits
_OPUS_PRE_SKIP: Final = 0  # nothing is skipped: tracks begin at a base offset and carry on from a live encoder
_AAC_LC: Final = 2
_RATE_INDEX: Final = {48_000: 3, 44_100: 4}


def video(sps: bytes, pps: bytes, said: SequenceParameterSet, further: ParameterSets = NONE) -> bytes:
    """An H.264 track; samples have four-byte lengths, parameter sets stand here, `further` ones behind its own."""
    entry = box(
        b"avc1",
        bytes(6) + struct.pack(">H", 1) + bytes(16),
        struct.pack(">HHIIIH", said.width, said.height, 0x480000, 0x480000, 0, 1),
        bytes(32) + struct.pack(">Hh", 24, -1),
        box(b"avcC", avcc(sps, pps, said, further)),
    )
    header = full_box(b"vmhd", 0, 1, bytes(8))
    return _file(b"vide", VIDEO_TIMESCALE, header, entry, (said.width, said.height))


def opus(channels: int) -> bytes:
    """An Opus track (`Opus` and `dOps`: Encapsulation of Opus in ISOBMFF, 4.3)."""
    specific = struct.pack(">BBHIhB", 0, channels, _OPUS_PRE_SKIP, AUDIO_TIMESCALE, 0, 0)
    entry = box(b"Opus", _audio_entry(channels, AUDIO_TIMESCALE), box(b"dOps", specific))
    return _file(b"soun", AUDIO_TIMESCALE, full_box(b"smhd", 0, 0, bytes(4)), entry)


def aac(channels: int, bit_rate: int, sample_rate: int = AUDIO_TIMESCALE) -> bytes:
    """An AAC-LC track (`mp4a` and `esds`: ISO/IEC 14496-14, 14496-1 and 14496-3)."""
    config = struct.pack(">H", _AAC_LC << 11 | _RATE_INDEX[sample_rate] << 7 | channels << 3)
    decoder = struct.pack(">BBBHII", 0x40, 0x15, 0, 0x1800, bit_rate, bit_rate) + _descriptor(5, config)
    stream = struct.pack(">HB", 0, 0) + _descriptor(4, decoder) + _descriptor(6, b"\x02")
    entry = box(b"mp4a", _audio_entry(channels, sample_rate), full_box(b"esds", 0, 0, _descriptor(3, stream)))
    return _file(b"soun", sample_rate, full_box(b"smhd", 0, 0, bytes(4)), entry)


def _descriptor(tag: int, payload: bytes) -> bytes:
    return bytes((tag, len(payload))) + payload


def _audio_entry(channels: int, sample_rate: int) -> bytes:
    return bytes(6) + struct.pack(">H8xHHIHH", 1, channels, 16, 0, sample_rate, 0)


def _file(handler: bytes, timescale: int, media_header: bytes, entry: bytes, size: tuple[int, int] = (0, 0)) -> bytes:
    ftyp = box(b"ftyp", b"iso6", bytes(4), b"iso6", b"cmfc", b"mp41")
    track = box(b"trak", _track_header(handler, size), _media(handler, timescale, media_header, entry))
    extends = box(b"mvex", full_box(b"trex", 0, 0, struct.pack(">5I", TRACK_ID, 1, 0, 0, 0)))
    return ftyp + box(b"moov", _movie_header(), track, extends)


def _movie_header() -> bytes:
    times = struct.pack(">IIIIIH", 0, 0, 1000, 0, 0x10000, 0x100)
    return full_box(b"mvhd", 0, 0, times, bytes(10), _MATRIX, bytes(24), struct.pack(">I", TRACK_ID + 1))


def _track_header(handler: bytes, size: tuple[int, int]) -> bytes:
    sound = handler == b"soun"
    where = struct.pack(">IIIII8xHHHH", 0, 0, TRACK_ID, 0, 0, 0, int(sound), 0x100 if sound else 0, 0)
    return full_box(b"tkhd", 0, 7, where, _MATRIX, struct.pack(">II", size[0] << 16, size[1] << 16))


def _media(handler: bytes, timescale: int, media_header: bytes, entry: bytes) -> bytes:
    times = struct.pack(">IIIIHH", 0, 0, timescale, 0, _UNDETERMINED, 0)
    name = full_box(b"hdlr", 0, 0, bytes(4), handler, bytes(12), b"Loom\x00")
    here = box(b"dinf", full_box(b"dref", 0, 0, struct.pack(">I", 1), full_box(b"url ", 0, 1)))
    empty = struct.pack(">I", 0)
    table = box(
        b"stbl",
        full_box(b"stsd", 0, 0, struct.pack(">I", 1), entry),
        full_box(b"stts", 0, 0, empty),
        full_box(b"stsc", 0, 0, empty),
        full_box(b"stsz", 0, 0, empty, empty),
        full_box(b"stco", 0, 0, empty),
    )
    return box(b"mdia", full_box(b"mdhd", 0, 0, times), name, box(b"minf", media_header, here, table))
