"""Sound for tests: beeps, their Opus packets, and PCM back from what was made of them."""

import struct

import av
import numpy as np
from numpy.typing import NDArray

from media.audio.aac import SAMPLE_RATE, AacFrame, OpusPacket

BASE = 10 * SAMPLE_RATE
PER_PACKET = 960
Pcm = NDArray[np.float32]


def beeps(seconds: float) -> Pcm:
    """Half a second of silence, a tenth of a second of tone, and so on, over a little noise."""
    at = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tone = 0.5 * np.sin(2 * np.pi * 440 * at) * ((at % 0.6) > 0.5)
    return (tone + 0.001 * np.random.default_rng(1).standard_normal(len(at))).astype(np.float32)


def opus(pcm: Pcm, bit_rate: int = 32_000) -> list[OpusPacket]:
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = SAMPLE_RATE, "mono", "flt", bit_rate
    packets = []
    for at in range(0, len(pcm) - PER_PACKET + 1, PER_PACKET):
        frame = av.AudioFrame.from_ndarray(pcm[None, at : at + PER_PACKET], format="flt", layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE, at
        packets += encoder.encode(frame)
    return [OpusPacket(bytes(packet), PER_PACKET) for packet in packets]


def opus_pcm(packets: list[OpusPacket]) -> Pcm:
    decoder = av.CodecContext.create("opus", "r")
    decoder.sample_rate, decoder.layout = SAMPLE_RATE, "mono"
    decoder.extradata = b"OpusHead" + struct.pack("<BBHIHB", 1, 1, 0, SAMPLE_RATE, 0, 0)
    return np.concatenate(
        [frame.to_ndarray()[0] for packet in packets for frame in decoder.decode(av.Packet(packet.data))]
    )


def aac_pcm(frames: list[AacFrame], configuration: bytes, channels: int) -> Pcm:
    decoder = av.CodecContext.create("aac", "r")
    decoder.extradata, decoder.sample_rate = configuration, SAMPLE_RATE
    decoder.layout = "mono" if channels == 1 else "stereo"
    return np.concatenate(
        [frame.to_ndarray()[0] for packet in frames for frame in decoder.decode(av.Packet(packet.data))]
    )


def lag(late: Pcm, early: Pcm) -> int:
    length = min(len(late), len(early))
    spectrum = np.fft.rfft(late[:length], 2 * length) * np.conj(np.fft.rfft(early[:length], 2 * length))
    peak = int(np.argmax(np.fft.irfft(spectrum)))
    return peak if peak < length else peak - 2 * length
