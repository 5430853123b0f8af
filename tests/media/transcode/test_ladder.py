"""A recording is offered up to its own size, in its own shape."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.transcode.ladder import LADDER, ladder


@pytest.mark.parametrize(
    ("size", "offered"),
    [
        ((1280, 720), {"720p": (1280, 720), "480p": (854, 480), "360p": (640, 360)}),
        ((720, 1280), {"720p": (720, 1280), "480p": (480, 854), "360p": (360, 640)}),
        ((1024, 768), {"720p": (960, 720), "480p": (640, 480), "360p": (480, 360)}),
        ((1260, 700), {"720p": (1260, 700), "480p": (854, 474), "360p": (640, 356)}),
        ((3840, 2160), {"1080p": (1920, 1080), "720p": (1280, 720), "480p": (854, 480), "360p": (640, 360)}),
        ((3440, 1440), {"1080p": (1920, 804), "720p": (1280, 536), "480p": (854, 358), "360p": (640, 268)}),
        ((320, 180), {}),
    ],
)
def test_a_source_has_the_rungs_up_to_its_size(size: tuple[int, int], offered: dict[str, tuple[int, int]]) -> None:
    assert {rung.name: rung.fitted(*size) for rung in ladder(*size)} == offered


@given(st.integers(2, 8192), st.integers(2, 8192))
def test_a_rung_is_even_never_larger_and_of_the_same_shape(width: int, height: int) -> None:
    for rung in LADDER:
        fitted = rung.fitted(width, height)
        assert all(length % 2 == 0 and length >= 2 for length in fitted)
        assert max(fitted) <= rung.width and min(fitted) <= rung.height
        assert fitted[0] <= width + 1 and fitted[1] <= height + 1
        scale = min(1, rung.width / max(width, height), rung.height / min(width, height))
        assert all(
            abs(length - wanted * scale) <= 1 or length == 2
            for length, wanted in zip(fitted, (width, height), strict=True)
        )
