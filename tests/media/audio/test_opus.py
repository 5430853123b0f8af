"""A packet's duration is read from its first bytes."""

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.audio import opus

LONGEST = 63 * 2880


@pytest.mark.parametrize("application", ["voip", "audio", "lowdelay"])
@pytest.mark.parametrize(("milliseconds", "ticks"), [("2.5", 120), ("5", 240), ("10", 480), ("20", 960), ("60", 2880)])
def test_what_an_encoder_was_asked_for_is_what_its_packets_say(application: str, milliseconds: str, ticks: int) -> None:
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format = 48_000, "mono", "flt"
    codec.time_base = Fraction(1, 48_000)
    codec.options = {"frame_duration": milliseconds, "application": application}
    codec.open()
    found = []
    for number in range(6):
        tone = np.sin(np.arange(ticks) / 9 + number).astype(np.float32).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(tone, format="flt", layout="mono")
        frame.sample_rate, frame.pts = 48_000, number * ticks
        found += [bytes(packet) for packet in codec.encode(frame)]
    assert found
    assert {opus.duration(packet) for packet in found} == {ticks}


@pytest.mark.parametrize(
    ("packet", "ticks"),
    [
        (opus.SILENCE, opus.SILENCE_TICKS),
        (b"\xfc", 960),  # one frame
        (b"\xfd", 1920),  # two of the same size
        (b"\xfe", 1920),  # two of different sizes
        (b"\xff\x03", 2880),  # three
        (b"\xff\x83", 2880),  # three of variable size
        (b"\xff", 0),
        (b"", 0),
    ],
)
def test_the_codes_of_rfc_6716(packet: bytes, ticks: int) -> None:
    assert opus.duration(packet) == ticks


@given(st.binary(max_size=4))
def test_anything_has_a_duration(packet: bytes) -> None:
    assert 0 <= opus.duration(packet) <= LONGEST
