"""What a parameter set says is what an independent decoder reads from it."""

import io
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.cmaf import fragment, init
from media.cmaf.fragment import Sample
from media.h264 import sps
from media.h264.nal_unit import IDR, PPS, SPS, kind, length_prefixed
from tests.media.encoded import nal_units


def key_frame(width: int, height: int, profile: str, pixels: str = "yuv420p", fps: int = 30) -> dict[int, bytes]:
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, pixels
    codec.time_base, codec.framerate = Fraction(1, fps), Fraction(fps)
    codec.options = {"tune": "zerolatency", "preset": "veryfast", **({"profile": profile} if profile else {})}
    picture = av.VideoFrame.from_ndarray(np.zeros((height, width, 3), np.uint8), format="rgb24")
    frame = picture.reformat(format=pixels)
    frame.pts = 0
    coded = b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])
    return {kind(unit): unit for unit in nal_units(coded)}


CASES = [
    (640, 360, "baseline", "yuv420p", "avc1.42c0"),
    (642, 362, "baseline", "yuv420p", "avc1.42c0"),
    (1920, 1080, "main", "yuv420p", "avc1.4d40"),
    (1280, 720, "high", "yuv420p", "avc1.6400"),
    (3840, 2160, "baseline", "yuv420p", "avc1.42c0"),
    (354, 288, "high422", "yuv422p", "avc1.7a00"),
    (350, 250, "high444", "yuv444p", "avc1.f400"),
    (320, 180, "high10", "yuv420p10le", "avc1.6e00"),
]


@pytest.mark.parametrize(("width", "height", "profile", "pixels", "codec"), CASES)
def test_size_profile_and_rate_are_those_of_the_encoder(
    width: int, height: int, profile: str, pixels: str, codec: str
) -> None:
    said = sps.parse(key_frame(width, height, profile, pixels, fps=25)[SPS])
    assert (said.width, said.height) == (width, height)
    assert said.codec.startswith(codec)
    assert said.frames_a_second == 25


@pytest.mark.parametrize(("width", "height", "profile", "pixels"), [case[:4] for case in CASES])
def test_a_stranger_decodes_by_the_configuration_alone(width: int, height: int, profile: str, pixels: str) -> None:
    units = key_frame(width, height, profile, pixels)
    said = sps.parse(units[SPS])
    sample = Sample(length_prefixed([units[IDR]]), 3000)
    file = init.video(units[SPS], units[PPS], said) + fragment.write(1, 900_000, [sample])
    with av.open(io.BytesIO(file)) as opened:
        (picture,) = list(opened.decode(video=0))
        assert (picture.width, picture.height, picture.format.name) == (width, height, pixels)


def test_what_a_browser_sends_as_4k_says_level_five_one_whatever_was_negotiated() -> None:
    assert sps.parse(key_frame(3840, 2160, "baseline")[SPS]).codec == "avc1.42c033"


@given(st.binary(max_size=60).map(lambda rest: b"\x67" + rest))
def test_garbage_is_refused_in_words(data: bytes) -> None:
    try:
        said = sps.parse(data)
    except ValueError:
        return
    assert init.video(data, b"\x68\xce\x3c\x80", said)


def test_a_cut_off_set_is_refused() -> None:
    whole = key_frame(640, 360, "baseline")[SPS]
    for length in range(8):
        with pytest.raises(ValueError, match="parameter set"):
            sps.parse(whole[:length])
