"""What does the scrub bar show? Key frames, scaled to thumbnails and tiled into sheets of ten by ten.

A decoded key frame scaled where it stands costs 1.4 ms; taken from the file later it would be 22 to 52 (HLS.md). How
far thumbnails lie apart grows with the recording, so that an hour has as many as twenty minutes.
"""

from collections.abc import Callable, Sequence
from typing import Final

import av
import numpy as np
from av.error import FFmpegError
from msgspec import Struct

from media.pictures.decoding import first_frame, fitted
from media.pictures.jpeg import FULL_RANGE, jpeg
from media.pictures.thumbnails import Place

CELL: Final = 160
"""A thumbnail is at most so wide, and so high."""
COLUMNS: Final = 10
PER_SHEET: Final = COLUMNS * COLUMNS
MAX_SHEET_BYTES: Final = 400_000
MOST: Final = 480
"""So many thumbnails at most, once it has ended: five sheets, 2 MB."""
FINEST_S: Final = 2.0
LIVE_S: Final = 4.0
_QUALITIES: Final = (5, 8, 12, 18, 31)
_GREY: Final = 128
SLACK_S: Final = 0.5
"""So much nearer they may be: key frames do not come when they are wished for."""


class Thumbnail(Struct, frozen=True):
    """A small picture: its planes in `FULL_RANGE`, one behind the other, without padding."""

    width: int
    height: int
    planes: bytes


class Sheet(Struct, frozen=True):
    """Thumbnails in one JPEG, row by row."""

    jpeg: bytes
    places: tuple[Place, ...]


def spacing_s(duration_s: float) -> float:
    """How far apart, at least, the thumbnails of a recording of that length lie."""
    return max(FINEST_S, duration_s / MOST)


def live_spacing_s(at_s: float) -> float:
    """How far behind a thumbnail at `at_s` the next one lies: wider and wider, a day has some 2,300."""
    return max(LIVE_S, at_s / MOST)


def spread(starts_s: Sequence[float], apart_s: Callable[[float], float]) -> list[int]:
    """Which of these moments, in order, have a thumbnail: the first, then each that is far enough behind the last."""
    chosen: list[int] = []
    due_s = float("-inf")
    for number, start_s in enumerate(starts_s):
        if start_s >= due_s - SLACK_S:
            chosen.append(number)
            due_s = start_s + apart_s(start_s)
    return chosen


def thumbnails(tracks: list[tuple[bytes, bytes]]) -> list[Thumbnail | None]:
    """The first frame of each (init, part), small; None for one that cannot be decoded."""
    return [_thumbnail(init + part) for init, part in tracks]


def _thumbnail(track: bytes) -> Thumbnail | None:
    try:
        frame = first_frame(track)
        width, height = fitted(frame.width, frame.height, CELL, CELL)
        small = frame.reformat(width, height, format=FULL_RANGE, interpolation="AREA")
    except (FFmpegError, ValueError):
        return None
    return Thumbnail(width, height, small.to_ndarray().tobytes())


def sheet(small: Sequence[Thumbnail]) -> Sheet:
    """Tile at most `PER_SHEET` thumbnails; a crowded sheet is compressed harder. Raises ValueError for none or more."""
    if not 0 < len(small) <= PER_SHEET:
        raise ValueError(f"a sheet has 1 to {PER_SHEET} thumbnails, not {len(small)}")
    cell = max(one.width for one in small), max(one.height for one in small)
    places = tuple(_place(number, cell, one) for number, one in enumerate(small))
    frame = av.VideoFrame.from_ndarray(_canvas(cell, small, places), format=FULL_RANGE)
    found = b""
    for quality in _QUALITIES:
        found = jpeg(frame, quality)
        if len(found) <= MAX_SHEET_BYTES * len(small) / PER_SHEET:
            break
    return Sheet(found, places)


def _place(number: int, cell: tuple[int, int], one: Thumbnail) -> Place:
    row, column = divmod(number, COLUMNS)
    return Place(column * cell[0], row * cell[1], one.width, one.height)


def _canvas(cell: tuple[int, int], small: Sequence[Thumbnail], places: Sequence[Place]) -> np.ndarray:
    """The planes of the sheet, as `VideoFrame.from_ndarray` takes them: rows of Y, then of U, then of V."""
    width = min(len(small), COLUMNS) * cell[0]
    height = -(-len(small) // COLUMNS) * cell[1]
    luma = np.zeros((height, width), np.uint8)
    chroma = np.full((2, height // 2, width // 2), _GREY, np.uint8)
    for one, place in zip(small, places, strict=True):
        planes = np.frombuffer(one.planes, np.uint8)
        pixels = one.width * one.height
        luma[place.y : place.y + one.height, place.x : place.x + one.width] = planes[:pixels].reshape(one.height, -1)
        y, x = place.y // 2, place.x // 2
        colours = planes[pixels:].reshape(2, one.height // 2, one.width // 2)
        chroma[:, y : y + one.height // 2, x : x + one.width // 2] = colours
    return np.concatenate([luma.reshape(-1), chroma.reshape(-1)]).reshape(height * 3 // 2, width)
