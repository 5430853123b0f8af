"""What the receive path hands to the packager, and what it gets back."""

from collections.abc import Mapping

from msgspec import Struct

from schemas.media import BASE_OFFSET_S, InitHeaders, PartHeaders


class VideoFrame(Struct, frozen=True):
    """One H.264 access unit, or a frame of VP8, VP9 or AV1 as its only "unit".

    `timestamp` is the RTP timestamp unwrapped to a growing integer (90 kHz ticks, arbitrary origin per session),
    `arrived` the monotonic clock in seconds when its last datagram was read.
    """

    nal_units: tuple[bytes, ...]  # without start codes or lengths; parameter sets among them when they were sent
    timestamp: int
    arrived: float
    key_frame: bool
    shown: bool = True  # else it is only decoded, for what follows, and takes no time
    origin: int = 0  # where it comes from, a number that grows; 0 where nobody needs to know


class AudioPacket(Struct, frozen=True):
    """One Opus packet; `timestamp` as above in 48 kHz ticks."""

    data: bytes
    timestamp: int
    arrived: float
    origin: int = 0  # as above


class SenderReference(Struct, frozen=True):
    """A sender report's pair (RFC 3550, 6.4.1): this RTP timestamp, unwrapped, is of this time of the sender."""

    timestamp: int
    sender_time_s: float


class Continuation(Struct, frozen=True):
    """Where the log of a recording ends, so that a further source session can go on behind it."""

    segments: Mapping[str, int] = {}  # next media sequence number of each rendition
    inits: Mapping[str, int] = {}  # next init number of each rendition
    ends: Mapping[str, int] = {}  # decode time behind the last part of each rendition, ticks
    base_time_s: float = BASE_OFFSET_S  # where the longest rendition ended
    stretch: int = 0  # the next one

    @property
    def discontinuity(self) -> bool:
        """Whether anything was there before."""
        return bool(self.segments)


class Init(Struct, frozen=True, tag=True):
    """An initialisation segment to publish."""

    rendition: str
    headers: InitHeaders
    data: bytes


class Part(Struct, frozen=True, tag=True):
    """A CMAF chunk to publish."""

    rendition: str
    headers: PartHeaders
    data: bytes
    origin: int = 0  # of the last sample of this track that is in this part or one before it


class KeyFrameWanted(Struct, frozen=True):
    """The sender should be asked for a key frame (PLI, RFC 4585, 6.3.1)."""


Output = Init | Part | KeyFrameWanted
