import io

import av
import numpy as np
import pytest

from media.pictures.sprite import (
    MAX_SHEET_BYTES,
    MOST,
    PER_SHEET,
    Thumbnail,
    live_spacing_s,
    sheet,
    spacing_s,
    thumbnails,
)
from tests.media.pictures.pictures import key_frame

COLOURS = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255), "black": (0, 0, 0)}


def pixels(jpeg: bytes) -> np.ndarray:
    with av.open(io.BytesIO(jpeg)) as picture:
        return next(picture.decode(video=0)).to_ndarray(format="rgb24")


def made(source: str, size: str = "1280x720") -> Thumbnail:
    (found,) = thumbnails([key_frame(source, size)])
    assert found is not None
    return found


def noise(number: int) -> Thumbnail:
    return Thumbnail(160, 90, np.random.default_rng(number).integers(0, 256, 160 * 135, np.uint8).tobytes())


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("1280x720", (160, 90)),
        ("360x640", (90, 160)),
        ("1366x768", (160, 90)),
        ("64x48", (64, 48)),
        ("640x480", (160, 120)),
    ],
)
def test_a_thumbnail_keeps_the_shape_of_its_frame(size: str, expected: tuple[int, int]) -> None:
    found = made("testsrc", size)
    assert (found.width, found.height) == expected
    assert len(found.planes) == found.width * found.height * 3 // 2


def test_each_cell_shows_its_own_frame() -> None:
    names = [list(COLOURS)[number % len(COLOURS)] for number in range(23)]
    found = sheet([made(f"color={name}") for name in names])
    shown = pixels(found.jpeg)
    assert shown.shape == (3 * 90, 10 * 160, 3)
    for name, place in zip(names, found.places, strict=True):
        cell = shown[place.y : place.y + place.height, place.x : place.x + place.width]
        assert np.abs(cell.astype(int) - COLOURS[name]).max() < 24, (name, place)


def test_pictures_of_different_shapes_share_a_sheet_without_covering_each_other() -> None:
    found = sheet([made("color=red"), made("color=lime", "360x640"), made("color=blue", "64x48")])
    shown = pixels(found.jpeg)
    for colour, place in zip(((255, 0, 0), (0, 255, 0), (0, 0, 255)), found.places, strict=True):
        middle = shown[place.y + place.height // 2, place.x + place.width // 2]
        assert np.abs(middle.astype(int) - colour).max() < 24
    assert [(place.width, place.height) for place in found.places] == [(160, 90), (90, 160), (64, 48)]


def test_what_cannot_be_decoded_has_no_thumbnail_and_spoils_no_other() -> None:
    init, part = key_frame("testsrc")
    assert [one is not None for one in thumbnails([(init, part), (init, part[:99]), (b"", b""), (init, part)])] == [
        *(True, False, False, True)
    ]


def test_a_full_sheet_is_bounded_whatever_there_is_to_see() -> None:
    crowded = sheet([noise(number) for number in range(PER_SHEET)])
    assert len(crowded.jpeg) <= MAX_SHEET_BYTES
    assert pixels(crowded.jpeg).shape == (900, 1600, 3)


@pytest.mark.parametrize("count", [0, PER_SHEET + 1])
def test_a_sheet_of_none_or_too_many_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="a sheet has 1 to 100"):
        sheet([noise(0)] * count)


def test_the_longer_a_recording_the_wider_its_thumbnails_lie_apart() -> None:
    assert spacing_s(60) == 2
    assert 3600 / spacing_s(3600) == MOST
    assert live_spacing_s(0) == live_spacing_s(600) == 4
    at, count = 0.0, 0
    while at < 86_400:
        at, count = at + live_spacing_s(at), count + 1
    assert count < 2_500
