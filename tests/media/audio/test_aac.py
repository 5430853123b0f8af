import struct

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from media.audio.aac import FRAME, PRIMING, SAMPLE_RATE, AacFrame, OpusPacket, OpusToAac, resume_from

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


def whole(encoder: OpusToAac, packets: list[OpusPacket], at_a_time: int = 16) -> list[AacFrame]:
    frames = []
    for first in range(0, len(packets), at_a_time):
        frames += encoder.feed(packets[first : first + at_a_time])
    return frames + encoder.flush()


@pytest.mark.parametrize("channels", [1, 2])
def test_every_sample_is_where_it_was_in_the_opus_rendition(channels: int) -> None:
    packets = opus(beeps(4))
    encoder = OpusToAac(channels, BASE)
    frames = whole(encoder, packets)
    heard, said = aac_pcm(frames, encoder.configuration, channels)[PRIMING:], opus_pcm(packets)
    assert frames[0].decode_time == BASE - PRIMING
    assert lag(heard, said) == 0
    error = heard[: len(said)] - said
    assert 10 * np.log10((said**2).sum() / (error**2).sum()) > 25


def test_frames_follow_each_other_and_cover_all_that_was_said() -> None:
    packets = opus(beeps(3))
    frames = whole(OpusToAac(1, BASE), packets, at_a_time=7)
    assert [frame.decode_time for frame in frames] == list(
        range(BASE - PRIMING, BASE - PRIMING + FRAME * len(frames), FRAME)
    )
    end = BASE + len(packets) * PER_PACKET
    assert end <= frames[-1].decode_time + FRAME < end + FRAME


@pytest.mark.parametrize("interrupted_after", [5, 40, 61])
def test_another_encoder_goes_on_without_a_hole_a_double_or_a_click(interrupted_after: int) -> None:
    packets = opus(beeps(4))
    uninterrupted = OpusToAac(1, BASE)
    frames = whole(uninterrupted, packets)
    first = frames[interrupted_after].decode_time
    skipped = max((resume_from(first) - BASE) // PER_PACKET, 0)
    later = OpusToAac(1, BASE + skipped * PER_PACKET, first)
    spliced = frames[:interrupted_after] + whole(later, packets[skipped:])
    assert [frame.decode_time for frame in spliced] == [frame.decode_time for frame in frames]
    difference = aac_pcm(spliced, later.configuration, 1) - aac_pcm(frames, uninterrupted.configuration, 1)
    seam = interrupted_after * FRAME
    assert np.abs(difference[seam - FRAME : seam + 2 * FRAME]).max() < 0.05


def test_what_cannot_be_decoded_becomes_silence_of_the_same_length() -> None:
    packets = opus(beeps(1))
    packets[10] = OpusPacket(b"\xff\xff\xff", PER_PACKET)
    packets[20] = OpusPacket(b"", PER_PACKET)
    encoder = OpusToAac(1, BASE)
    frames = whole(encoder, packets)
    assert encoder.damaged == 1
    assert encoder.position == BASE + len(packets) * PER_PACKET
    assert lag(aac_pcm(frames, encoder.configuration, 1)[PRIMING:], opus_pcm(opus(beeps(1)))) == 0


def test_a_gap_is_filled_so_that_what_follows_stays_in_place() -> None:
    packets = opus(beeps(3))
    encoder = OpusToAac(1, BASE)
    frames = (
        encoder.feed(packets[:50]) + encoder.silence(50 * PER_PACKET) + encoder.feed(packets[100:]) + encoder.flush()
    )
    heard = aac_pcm(frames, encoder.configuration, 1)[PRIMING:]
    assert np.abs(heard[52 * PER_PACKET : 98 * PER_PACKET]).max() < 0.01
    assert lag(heard[110 * PER_PACKET :], opus_pcm(packets)[110 * PER_PACKET :]) == 0
