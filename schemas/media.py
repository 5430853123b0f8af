"""What a message of the MEDIA stream says about its payload: an init segment, a part, or the end.

Times are in ticks of `timescale`; every track begins at `BASE_OFFSET_S`, so that priming never needs an edit list.
The order in the stream is the truth: whatever follows the `end` message of a recording is ignored by every reader.
Derived renditions are the exception: they are made from what stands before `end` and may come after it.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

VIDEO: Final = "video"
AUDIO: Final = "audio"  # Opus, as it came
AAC: Final = "aac"  # made by a worker, for players without Opus
LIVE_RUNG: Final = "live360"  # made by a worker while it is being recorded, for slow networks; never archived
RUNGS: Final = ("1080p", "720p", "480p", "360p")  # made by workers after it was recorded; they are never in the log

DERIVED: Final = frozenset({AAC, LIVE_RUNG})
"""Renditions that a worker makes from another one."""
FINAL: Final = "Loom-Final"
"""Header of the last part of a derived rendition: nothing more will come of it."""

VIDEO_TIMESCALE: Final = 90_000
AUDIO_TIMESCALE: Final = 48_000
BASE_OFFSET_S: Final = 10

_PREFIX: Final = "Loom-"


class InitHeaders(Struct, frozen=True):
    """An initialisation segment (ftyp + moov); a new one follows a change of parameter sets."""

    number: int  # 0, 1, … within the rendition
    codec: str  # RFC 6381: "avc1.42e01f", "opus", "mp4a.40.2"
    timescale: int
    width: int = 0
    height: int = 0
    channels: int = 0


class PartHeaders(Struct, frozen=True):
    """A CMAF chunk: one moof and one mdat."""

    segment: int  # media sequence number, 0, 1, …; the same in every rendition covers the same stretch of time
    part: int  # 0, 1, … within the segment
    init: int  # the number of the init segment it decodes with
    timescale: int
    decode_time: int  # ticks, the tfdt; equals decode_time + duration of the part before it within a stretch
    duration: int  # ticks
    program_time_us: int  # wall clock of its first sample, microseconds since 1970
    stretch: int  # 0, 1, …: grows with each pause and each new source session
    independent: bool = False  # begins with a key frame
    discontinuity: bool = False  # decoder state starts afresh here (EXT-X-DISCONTINUITY); first part of a segment only

    @property
    def ends_us(self) -> int:
        """Wall clock behind its last sample."""
        return self.program_time_us + self.duration * 1_000_000 // self.timescale


class End(Struct, frozen=True):
    """No part will follow."""

    reason: str  # "stopped" | "abandoned"


def to_headers(said: Struct) -> dict[str, str]:
    """NATS headers, one per field: `decode_time` becomes `Loom-Decode-Time`."""
    return {
        _PREFIX + name.replace("_", "-").title(): str(int(value)) if isinstance(value, bool) else str(value)
        for name, value in zip(said.__struct_fields__, (getattr(said, f) for f in said.__struct_fields__), strict=True)
    }


def init_from_headers(headers: Mapping[str, str]) -> InitHeaders:
    """Read back what `to_headers` wrote. Raises KeyError or ValueError for what is not an init message."""
    return InitHeaders(
        number=int(headers["Loom-Number"]),
        codec=headers["Loom-Codec"],
        timescale=int(headers["Loom-Timescale"]),
        width=int(headers["Loom-Width"]),
        height=int(headers["Loom-Height"]),
        channels=int(headers["Loom-Channels"]),
    )


def part_from_headers(headers: Mapping[str, str]) -> PartHeaders:
    """Read back what `to_headers` wrote. Raises KeyError or ValueError for what is not a part message."""
    return PartHeaders(
        segment=int(headers["Loom-Segment"]),
        part=int(headers["Loom-Part"]),
        init=int(headers["Loom-Init"]),
        timescale=int(headers["Loom-Timescale"]),
        decode_time=int(headers["Loom-Decode-Time"]),
        duration=int(headers["Loom-Duration"]),
        program_time_us=int(headers["Loom-Program-Time-Us"]),
        stretch=int(headers["Loom-Stretch"]),
        independent=headers["Loom-Independent"] == "1",
        discontinuity=headers["Loom-Discontinuity"] == "1",
    )
