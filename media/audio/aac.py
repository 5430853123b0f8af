"""How does Opus become AAC without losing a sample? One decode, one encode, on one grid of 1024-sample frames.

Times are ticks of 48 kHz on the timeline of the Opus rendition. An AAC-LC frame of decode time D, decoded after the
frame before it, gives back the samples [D, D + 1024). FFmpeg's encoder primes with 1024 samples: what is fed from A on
comes out from A - 1024 on, so the base offset of every track makes an edit list needless. A frame comes out when two
more have been fed (overlap, and the choice of windows): up to 3071 samples are inside, and only `flush` brings them.

An encoder that begins in the middle of a recording is fed from `WARM_UP` samples before the first frame that counts;
its spectrum then depends on the same samples as that of the encoder that went before it, so the seam is not heard.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.fifo import AudioFifo
from av.error import FFmpegError

SAMPLE_RATE: Final = 48_000
FRAME: Final = 1024
PRIMING: Final = FRAME
WARM_UP: Final = 2 * FRAME
PRE_ROLL: Final = 3840  # RFC 7845 section 4.6: an Opus decoder that starts anywhere has converged after 80 ms
BIT_RATES: Final = {1: 64_000, 2: 128_000}
_LAYOUTS: Final = {1: "mono", 2: "stereo"}


class OpusPacket(NamedTuple):
    """One Opus packet as it stands in a CMAF sample."""

    data: bytes
    duration: int


class AacFrame(NamedTuple):
    """One raw AAC-LC access unit of 1024 samples (the last may stand for fewer, followed by silence)."""

    data: bytes
    decode_time: int


def resume_from(first: int) -> int:
    """Where Opus must begin so that AAC frames from `first` on are as if nothing had been interrupted."""
    return first - WARM_UP - PRE_ROLL


class OpusToAac:
    """Takes Opus from decode time `start` on, gives AAC frames from `first` on (all, when it is None).

    To go on behind frames that another encoder made, `first` is where they end, and `start` at most
    `resume_from(first)`.
    Not thread-safe: one caller at a time. Frees itself with its last reference.
    """

    def __init__(self, channels: int, start: int, first: int | None = None) -> None:
        self._layout = _LAYOUTS[channels]
        self._decoder = _decoder(channels)
        self._encoder = _encoder(channels)
        self._fifo = AudioFifo()
        self._first = start - PRIMING if first is None else first
        encoded_from = start if first is None else first - WARM_UP
        self._next = encoded_from - PRIMING  # decode time of the frame that comes out next
        self._skip = max(encoded_from - start, 0)  # samples that only bring the decoder up to date
        self.position = min(start, encoded_from)
        """The decode time up to which it was fed."""
        self.damaged = 0
        """How many packets could not be decoded and became silence."""
        self._write([], start - self.position)

    @property
    def configuration(self) -> bytes:
        """The AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1) of the frames, from the very encoder that makes them."""
        return bytes(self._encoder.extradata or b"")

    def feed(self, packets: Iterable[OpusPacket]) -> list[AacFrame]:
        """The frames that these packets complete."""
        for packet in packets:
            self._write(self._decoded(packet), packet.duration)
        return self._encoded()

    def silence(self, duration: int) -> list[AacFrame]:
        """As `feed`, for a stretch of time that nothing is known of."""
        self._write([], duration)
        return self._encoded()

    def flush(self) -> list[AacFrame]:
        """All that is still inside; nothing can be fed afterwards."""
        end = self.position
        if self._fifo.samples % FRAME:
            self._write([], FRAME - self._fifo.samples % FRAME)
        self.position = end
        frames = self._encoded() + self._framed(self._encoder.encode(None))
        return [frame for frame in frames if frame.decode_time < end]

    def _decoded(self, packet: OpusPacket) -> list[av.AudioFrame]:
        """PCM of one packet; nothing where it is damaged (or empty, which would tell the decoder to flush)."""
        if packet.data:
            try:
                return self._decoder.decode(av.Packet(packet.data))
            except FFmpegError:
                self.damaged += 1
        return []

    def _write(self, frames: list[av.AudioFrame], duration: int) -> None:
        """Exactly `duration` samples: what is missing is silence, what is too much is left out."""
        for frame in frames:
            if frame.samples <= duration:
                frame.pts = None
                self._fifo.write(frame)
                duration -= frame.samples
                self.position += frame.samples
        while duration > 0:
            silent = _silent(self._layout, min(duration, SAMPLE_RATE))
            self._fifo.write(silent)
            duration -= silent.samples
            self.position += silent.samples

    def _encoded(self) -> list[AacFrame]:
        if self._skip and self._fifo.samples >= self._skip:
            self._fifo.read(self._skip)
            self._skip = 0
        frames: list[AacFrame] = []
        while not self._skip and (pcm := self._fifo.read(FRAME)) is not None:
            pcm.pts = None
            frames += self._framed(self._encoder.encode(pcm))
        return frames

    def _framed(self, packets: Sequence[av.Packet[Any]]) -> list[AacFrame]:
        frames = []
        for packet in packets:
            frames.append(AacFrame(bytes(packet), self._next))
            self._next += FRAME
        return [frame for frame in frames if frame.decode_time >= self._first]


def _decoder(channels: int) -> AudioCodecContext:
    """FFmpeg's own decoder: half the price of libopus, and as exact (within two samples). No pre-skip is taken off."""
    decoder = av.CodecContext.create("opus", "r")
    assert isinstance(decoder, AudioCodecContext)
    decoder.sample_rate = SAMPLE_RATE
    decoder.layout = _LAYOUTS[channels]
    decoder.extradata = b"OpusHead" + struct.pack("<BBHIHB", 1, channels, 0, SAMPLE_RATE, 0, 0)
    return decoder


def _encoder(channels: int) -> AudioCodecContext:
    """`aac_coder=fast`: a third of the price of the default, for speech the same."""
    encoder = av.CodecContext.create("aac", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate = SAMPLE_RATE
    encoder.layout = _LAYOUTS[channels]
    encoder.format = "fltp"
    encoder.bit_rate = BIT_RATES[channels]
    encoder.time_base = Fraction(1, SAMPLE_RATE)
    encoder.options = {"aac_coder": "fast"}
    encoder.open()
    return encoder


def _silent(layout: str, samples: int) -> av.AudioFrame:
    frame = av.AudioFrame(format="fltp", layout=layout, samples=samples)
    frame.sample_rate = SAMPLE_RATE
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    return frame
