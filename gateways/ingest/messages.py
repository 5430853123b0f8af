"""What is said over the web door; `gateways/http/ingest.py` has the words and their order, for who writes a client."""

import struct
from typing import Final

import msgspec
from msgspec import Struct

from gateways.http.ingest import PROTOCOL
from media.h264.annex_b import nal_units
from media.h264.nal_unit import IDR, kind
from media.samples import AudioPacket, VideoFrame
from media.splice import LastFrame
from schemas.media import AUDIO_TIMESCALE, VIDEO_TIMESCALE

VIDEO_TYPE: Final = 1
AUDIO_TYPE: Final = 2
LONGEST: Final = 4 << 20
"""Bytes of one message at the most: a key frame of a 4K screen full of text has less than one MB."""
LONGEST_AUDIO: Final = 16 << 10
MOST_NAL_UNITS: Final = 1_000
START_CODES: Final = (b"\0\0\1", b"\0\0\0\1")

_HEAD: Final = struct.Struct(">BBq")


class Hello(Struct, frozen=True, tag_field="type", tag="hello"):
    """Who is there. `token` is the recording's, as WHIP has it."""

    token: str = ""
    audio: bool = True
    channels: int = 2


class Begin(Struct, frozen=True, tag_field="type", tag="begin"):
    """Media follows. `after_us`: when the last frame in the log was captured; null when the client does not have it."""

    after_us: int | None = None


class Break(Struct, frozen=True, tag_field="type", tag="break"):
    """What follows is joined to what was before, without the time between."""


class End(Struct, frozen=True, tag_field="type", tag="end"):
    """Nothing follows."""


class Welcome(Struct, frozen=True, tag_field="type", tag="welcome"):
    """The log is yours. `now_us` is the server's clock, `last_frame` where the log of video ends."""

    now_us: int
    segment_s: float
    last_frame: LastFrame | None


class Stored(Struct, frozen=True, tag_field="type", tag="stored"):
    """All that was captured before `until_us` is in the log, and need not be kept."""

    until_us: int


class Malformed(ValueError):
    """What was sent cannot be meant; the sentence says why."""


Said = Hello | Begin | Break | End
_SAID: Final = msgspec.json.Decoder(Said)


def read(text: str) -> Said:
    """A control message. Raises Malformed."""
    try:
        said: Said = _SAID.decode(text)
    except msgspec.MsgspecError as error:
        raise Malformed(f"This is no message of {PROTOCOL}: {error}") from error
    return said


def write(said: Welcome | Stored) -> str:
    """A control message."""
    return msgspec.json.encode(said).decode()


def media(data: bytes) -> VideoFrame | AudioPacket:
    """A binary message; its sample has arrived when it was captured, in seconds. Raises Malformed."""
    if len(data) <= _HEAD.size:
        raise Malformed(f"A message of {len(data)} bytes holds no media.")
    what, _, captured_us = _HEAD.unpack_from(data)
    payload = data[_HEAD.size :]
    if what == VIDEO_TYPE:
        return _frame(payload, captured_us)
    if what != AUDIO_TYPE:
        raise Malformed(f"A message of type {what} is neither video (1) nor audio (2).")
    if len(payload) > LONGEST_AUDIO:
        raise Malformed(f"A packet of sound has {LONGEST_AUDIO} bytes at the most, not {len(payload)}.")
    return AudioPacket(payload, captured_us * AUDIO_TIMESCALE // 1_000_000, captured_us / 1e6)


def _frame(payload: bytes, captured_us: int) -> VideoFrame:
    units = tuple(nal_units(payload)) if payload.startswith(START_CODES) else ()
    if not units:
        raise Malformed("This is not H.264 in Annex B: an access unit begins with a start code and holds something.")
    if len(units) > MOST_NAL_UNITS:
        raise Malformed(f"An access unit has {MOST_NAL_UNITS} NAL units at the most, not {len(units)}.")
    is_key = any(kind(unit) == IDR for unit in units)
    return VideoFrame(units, captured_us * VIDEO_TIMESCALE // 1_000_000, captured_us / 1e6, is_key)
