"""What the receive path hands to the packager: whole frames and packets, still encoded."""

from msgspec import Struct


class VideoFrame(Struct, frozen=True):
    """One H.264 access unit.

    `timestamp` is the RTP timestamp unwrapped to a growing integer (90 kHz ticks, arbitrary origin per session),
    `arrived` the monotonic clock in seconds when its last datagram was read.
    """

    nal_units: tuple[bytes, ...]  # without start codes or lengths; parameter sets among them when they were sent
    timestamp: int
    arrived: float
    key_frame: bool


class AudioPacket(Struct, frozen=True):
    """One Opus packet; `timestamp` as above in 48 kHz ticks."""

    data: bytes
    timestamp: int
    arrived: float
