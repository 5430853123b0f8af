"""What pictures does a stored segment hold? Decoded once, in the order they are shown, each with its time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import chain
from typing import Final

import av
from av.codec.context import Flags
from av.error import InvalidDataError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from msgspec import Struct

from media.cmaf import fragment
from media.cmaf.box import find
from schemas.media import VIDEO_TIMESCALE

_ENTRY_BYTES: Final = 8 + 78
"""Head of an entry of `stsd` and the fields before its boxes (VisualSampleEntry, ISO/IEC 14496-12, 12.1.3)."""


class Times(Struct, frozen=True):
    """When a segment begins and how long each of its samples lasts, in ticks."""

    decode_time: int
    durations: tuple[int, ...]

    @property
    def end(self) -> int:
        """Where the next segment begins."""
        return self.decode_time + sum(self.durations)


class Decoder:
    """Decodes an H.264 track of ours. Raises ValueError or FFmpegError for what is none."""

    def __init__(self, init: bytes, *, live: bool = False) -> None:
        """`live`: pictures come out at once, in the order in which they go in."""
        description = find(init, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
        codec = av.CodecContext.create("h264", "r")
        assert isinstance(codec, VideoCodecContext)
        codec.extradata = find(description[8 + _ENTRY_BYTES :], b"avcC")
        codec.thread_count = 1
        codec.flags |= Flags.low_delay if live else 0
        self._codec = codec

    def add(self, chunk: fragment.Fragment) -> Iterator[VideoFrame]:
        """The pictures that come out, their `pts` in ticks; what cannot be decoded is left out."""
        at = chunk.decode_time
        for sample in chunk.samples:
            packet = Packet(sample.data)
            packet.dts, packet.pts = at, at + sample.offset
            packet.time_base = Fraction(1, VIDEO_TIMESCALE)
            at += sample.duration
            with suppress(InvalidDataError):  # the one before it is shown for longer
                yield from self._codec.decode(packet)

    def end(self) -> Iterator[VideoFrame]:
        """Those that were held back."""
        yield from self._codec.decode(None)


def pictures(init: bytes, segment: bytes) -> tuple[Times, Iterator[VideoFrame]]:
    """All of a segment. Raises ValueError or FFmpegError when it cannot be read."""
    chunks = fragment.read_all(segment)
    durations = tuple(sample.duration for chunk in chunks for sample in chunk.samples)
    decoder = Decoder(init)
    return Times(chunks[0].decode_time, durations), chain(*map(decoder.add, chunks), _ended(decoder))


def _ended(decoder: Decoder) -> Iterator[VideoFrame]:
    yield from decoder.end()
