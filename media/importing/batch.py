"""What comes out of a file, piece by piece: frames and packets with their times behind its beginning, in order."""

from msgspec import Struct


class Picture(Struct, frozen=True, array_like=True):
    """An H.264 access unit, shown in the order it comes; `at` in ticks of 90 kHz."""

    at: int
    key_frame: bool
    nal_units: list[bytes]


class Sound(Struct, frozen=True, array_like=True):
    """An Opus packet; `at` in ticks of 48 kHz."""

    at: int
    data: bytes


class Batch(Struct, frozen=True):
    """What follows; `lost` frames and packets could not be decoded so far."""

    pictures: list[Picture]
    sounds: list[Sound]
    lost: int = 0
    is_last: bool = False
