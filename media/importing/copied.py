"""Tracks that go on as they are: H.264 that every browser plays, Opus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from media.audio import opus
from media.importing import avc_stream
from media.importing.batch import Picture, Sound
from schemas.media import AUDIO_TIMESCALE, VIDEO_TIMESCALE

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

_MOST_SILENCE: Final = 600 * AUDIO_TIMESCALE


class CopiedPicture:
    """Times are behind `begins_s`."""

    def __init__(self, stream: VideoStream, begins_s: float) -> None:
        self._avc = avc_stream.read(bytes(stream.codec_context.extradata or b""))
        self._begins_s = begins_s
        self.frontier_s = 0.0
        self.lost = 0

    def take(self, packet: Packet[Stream]) -> list[Picture]:
        """The frame in a packet."""
        time = packet.pts if packet.pts is not None else packet.dts
        try:
            units = self._avc.nal_units(bytes(packet))
        except ValueError:
            time = None
        if time is None:
            self.lost += 1
            return []
        at_s = float(time * packet.time_base) - self._begins_s
        self.frontier_s = at_s
        is_key = avc_stream.is_idr(units)
        units = self._avc.with_parameter_sets(units) if is_key else units
        return [Picture(round(at_s * VIDEO_TIMESCALE), is_key, units)]

    def end(self) -> list[Picture]:
        """Nothing is kept back."""
        return []


class CopiedSound:
    """Times are behind `begins_s`; holes are filled with silence."""

    def __init__(self, stream: AudioStream, begins_s: float) -> None:
        self._begins_s = begins_s
        self._tail: int | None = None
        self.frontier_s = 0.0
        self.lost = 0

    def take(self, packet: Packet[Stream]) -> list[Sound]:
        """The packet, and the silence before it."""
        data = bytes(packet)
        length = opus.duration(data)
        time = packet.pts if packet.pts is not None else packet.dts
        if not length or time is None:
            self.lost += 1
            return []
        at_s = float(time * packet.time_base) - self._begins_s
        at = round(at_s * AUDIO_TIMESCALE)
        out = [] if self._tail is None else _silence(self._tail, min(at, self._tail + _MOST_SILENCE))
        self._tail = at + length
        self.frontier_s = at_s
        return [*out, Sound(at, data)]

    def end(self) -> list[Sound]:
        """Nothing is kept back."""
        return []


def _silence(since: int, until: int) -> list[Sound]:
    step = opus.SILENCE_TICKS
    return [Sound(at, opus.SILENCE) for at in range(since, until - step + 1, step)]
