import io

import av
import pytest
from av.error import FFmpegError

from media.pictures.poster import FLAT, poster
from tests.media.pictures.pictures import key_frame


@pytest.mark.parametrize(
    ("size", "expected"),
    [("1280x720", (640, 360)), ("360x640", (360, 640)), ("3840x2160", (640, 360)), ("1366x768", (640, 360))],
)
def test_a_picture_keeps_its_shape_and_is_never_enlarged(size: str, expected: tuple[int, int]) -> None:
    picture = poster(*key_frame("testsrc", size))
    with av.open(io.BytesIO(picture.jpeg)) as container:
        video = container.streams.video[0]
        assert (video.width, video.height) == (picture.width, picture.height) == expected


@pytest.mark.parametrize("source", ["color=black", "color=white", "color=red"])
def test_one_colour_has_no_detail(source: str) -> None:
    assert poster(*key_frame(source)).detail < FLAT < poster(*key_frame("testsrc")).detail


def test_colours_come_out_as_they_went_in() -> None:
    with av.open(io.BytesIO(poster(*key_frame("color=red")).jpeg)) as container:
        pixel = next(container.decode(video=0)).to_ndarray(format="rgb24")[180, 320]
    assert pixel[0] > 240
    assert max(pixel[1:]) < 20


def test_what_is_no_track_is_refused() -> None:
    init, part = key_frame("testsrc")
    for damaged in (b"", part[:100], b"nonsense" * 20):
        with pytest.raises((FFmpegError, ValueError)):
            poster(init, damaged)
