"""Any sound becomes Opus, 48 kHz, mono or stereo, without a hole: packets of 20 ms on one grid."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.error import FFmpegError

from media.importing.batch import Sound
from schemas.media import AUDIO_TIMESCALE

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.packet import Packet
    from av.stream import Stream

BIT_RATES: Final = {1: 64_000, 2: 128_000}
TOLERANCE: Final = AUDIO_TIMESCALE // 20
"""A clock may be off by so much before it is corrected."""
_LAYOUTS: Final = {1: "mono", 2: "stereo"}
_FORMAT: Final = "s16"
_SAMPLE_BYTES: Final = 2


class TranscodedSound:
    """Times are behind `begins_s`."""

    def __init__(self, stream: AudioStream, begins_s: float, channels: int) -> None:
        self._decoder = stream.codec_context
        self._begins_s = begins_s
        self._channels = channels
        self._resampler: AudioResampler | None = None
        self._shape = ("", "", 0)
        self._encoder = _encoder(channels)
        self._tail: int | None = None  # where the encoder has been fed up to
        self.frontier_s = 0.0
        self.lost = 0

    def take(self, packet: Packet[Stream] | None) -> list[Sound]:
        """The packets that one of the file completes; None is its end."""
        try:
            frames = self._decoder.decode(packet)
            return [made for frame in frames for made in self._add(frame)]
        except (FFmpegError, ValueError):
            self.lost += 1
            self._resampler = None
            return []

    def end(self) -> list[Sound]:
        """What decoder, resampler and encoder have kept back."""
        out = self.take(None)
        if self._resampler:
            out += [made for frame in self._resampler.resample(None) for made in self._fed(frame)]
        return out + list(self._coded(None)) if self._tail is not None else out

    def _add(self, frame: AudioFrame) -> Iterator[Sound]:
        if frame.pts is not None and frame.time_base is not None:
            at = round((float(frame.pts * frame.time_base) - self._begins_s) * AUDIO_TIMESCALE)
            if self._tail is None:
                self._tail = at
            if at - self._tail > TOLERANCE:
                yield from self._silence(at - self._tail)
            elif self._tail - at > TOLERANCE:
                return  # it has been heard already
        self._tail = self._tail or 0
        frame.pts = None
        for made in self._resampled(frame):
            yield from self._fed(made)

    def _resampled(self, frame: AudioFrame) -> list[AudioFrame]:
        """By a resampler for this rate and these channels; they may change on the way."""
        shape = frame.format.name, frame.layout.name, frame.sample_rate
        if self._resampler is None or shape != self._shape:
            self._resampler = AudioResampler(_FORMAT, _LAYOUTS[self._channels], AUDIO_TIMESCALE)
            self._shape = shape
        return self._resampler.resample(frame)

    def _silence(self, samples: int) -> Iterator[Sound]:
        while samples > 0:
            count = min(samples, AUDIO_TIMESCALE)
            frame = AudioFrame(_FORMAT, _LAYOUTS[self._channels], count)
            frame.sample_rate = AUDIO_TIMESCALE
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            yield from self._fed(frame)
            samples -= count

    def _fed(self, frame: AudioFrame) -> Iterator[Sound]:
        assert self._tail is not None
        frame.pts, frame.time_base = self._tail, Fraction(1, AUDIO_TIMESCALE)
        self._tail += frame.samples
        yield from self._coded(frame)

    def _coded(self, frame: AudioFrame | None) -> Iterator[Sound]:
        for packet in self._encoder.encode(frame):
            self.frontier_s = (packet.pts or 0) / AUDIO_TIMESCALE
            yield Sound(packet.pts or 0, bytes(packet))


def _encoder(channels: int) -> AudioCodecContext:
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate = AUDIO_TIMESCALE
    encoder.layout = _LAYOUTS[channels]
    encoder.format = _FORMAT
    encoder.time_base = Fraction(1, AUDIO_TIMESCALE)
    encoder.bit_rate = BIT_RATES[channels]
    return encoder
