import numpy as np
import pytest

from media.audio.aac import FRAME, PRIMING, AacFrame, OpusPacket, OpusToAac, resume_from
from tests.media.audio.sound import BASE, PER_PACKET, aac_pcm, beeps, lag, opus, opus_pcm


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
