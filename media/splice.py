"""Where does a recording end, so that what was sent in vain can be sent again without a hole and without a repetition?

The last frame in the log is told apart by its bytes, so a client finds it again among those it has kept. What it sends
up to that frame is decoded and not shown; what follows is placed behind it as it was captured.
"""

import zlib
from typing import Final

from msgspec import Struct, structs

from media.cmaf import fragment
from media.samples import AudioPacket, VideoFrame
from schemas.media import PartHeaders

MOST_HIDDEN: Final = 1_000
HALF_A_PACKET_S: Final = 0.01


class LastFrame(Struct, frozen=True):
    """The last frame of video in the log.

    `at_us` is the program time at which it begins, microseconds since 1970; `size` and `crc32` (ISO 3309, as zlib has
    it) are those of its NAL units, each behind its length in four bytes, without parameter sets and delimiters.
    """

    at_us: int
    size: int
    crc32: int


class Splice(Struct, frozen=True):
    """What the source's clock calls `source_s` is the time `time_s` of the recording."""

    time_s: float
    source_s: float


def last_frame(headers: PartHeaders, chunk: bytes) -> tuple[LastFrame, float]:
    """The last frame of a part, and the recording's time at which it begins. Raises ValueError for no chunk of ours."""
    sample = fragment.read(chunk).samples[-1]
    before = headers.duration - sample.duration
    at_us = headers.program_time_us + round(before * 1_000_000 / headers.timescale)
    starts_s = (headers.decode_time + before) / headers.timescale
    return LastFrame(at_us, len(sample.data), zlib.crc32(sample.data)), starts_s


class Seam:
    """Of samples that are sent again: which are in the log, and which have to be decoded first?

    Both by the source's clock: when the log's last frame was captured, and where its sound ends.
    """

    def __init__(self, shown_from_s: float = float("-inf"), sound_from_s: float = float("-inf")) -> None:
        self._shown_from_s = shown_from_s
        self._sound_from_s = sound_from_s
        self._hidden: list[VideoFrame] = []

    def frames(self, frame: VideoFrame) -> list[VideoFrame]:
        """What to package now: nothing up to the seam, then all since the last key frame at once."""
        if frame.arrived <= self._shown_from_s:
            if frame.key_frame:
                self._hidden.clear()
            if len(self._hidden) < MOST_HIDDEN:
                self._hidden.append(frame)
            return []
        hidden, self._hidden = self._hidden, []
        if frame.key_frame or not hidden:
            return [frame]
        place = {"timestamp": frame.timestamp, "arrived": frame.arrived, "shown": False}
        return [*(structs.replace(before, **place) for before in hidden), frame]

    def takes(self, packet: AudioPacket) -> bool:
        """Whether the log lacks it."""
        return packet.arrived > self._sound_from_s - HALF_A_PACKET_S
