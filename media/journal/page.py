"""What happened within a tenth of a second, as bytes? Entries with the times at which a packager would have heard them.

A page is replayed by its own clock: each entry has its moment (monotonic seconds of whoever wrote it), the page the
wall clock to go with it, and how far it reaches even when nothing more happened. A sample is named by its `origin`: the
sequence of its page in the stream, and its place in there.
"""

from typing import Final

import msgspec
from msgspec import Struct

from media.samples import SenderReference

_PLACES: Final = 1 << 16


class Frame(Struct, frozen=True, array_like=True, tag="f"):
    """A frame in decoding order; of H.264 the NAL units, each behind its length in four bytes."""

    at: float
    timestamp: int
    key_frame: bool
    data: bytes


class Sound(Struct, frozen=True, array_like=True, tag="s"):
    """An Opus packet."""

    at: float
    timestamp: int
    data: bytes


class Aligned(Struct, frozen=True, array_like=True, tag="a"):
    """Both sender reports are known."""

    at: float
    video: SenderReference
    audio: SenderReference


class Paused(Struct, frozen=True, array_like=True, tag="p"):
    """What follows is not part of the recording."""

    at: float


class Resumed(Struct, frozen=True, array_like=True, tag="r"):
    """What follows is part of it again."""

    at: float


class Closed(Struct, frozen=True, array_like=True, tag="c"):
    """The session is over."""

    at: float


Entry = Frame | Sound | Aligned | Paused | Resumed | Closed


class Page(Struct, frozen=True, array_like=True):
    """Entries up to `now`, which was `wall_us`."""

    now: float
    wall_us: int
    entries: list[Entry]

    def wall(self, at: float) -> int:
        """The wall clock at a moment, microseconds since 1970."""
        return self.wall_us - round((self.now - at) * 1e6)


_DECODER: Final = msgspec.msgpack.Decoder(Page)


def encode(page: Page) -> bytes:
    """As it stands in the stream."""
    return msgspec.msgpack.encode(page)


def decode(data: bytes) -> Page:
    """Raises ValueError for what is no page."""
    try:
        return _DECODER.decode(data)
    except msgspec.MsgspecError as error:
        raise ValueError(f"not a page: {error}") from error


def origin(sequence: int, place: int) -> int:
    """The name of a sample."""
    return sequence * _PLACES + min(place, _PLACES - 1)


def page_of(named: int) -> int:
    """The sequence of a sample's page."""
    return named // _PLACES
