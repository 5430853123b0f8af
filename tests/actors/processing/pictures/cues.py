"""The cues of thumbnails.vtt, read by FFmpeg's demuxer, and what the sheets show at their places."""

import io
import re
from collections.abc import Awaitable, Callable

import av
import numpy as np
from msgspec import Struct

_PLACE = re.compile(r"(sprite-\d+\.jpg)\?v=[0-9a-f]{8}#xywh=(\d+),(\d+),(\d+),(\d+)")


class Shown(Struct, frozen=True):
    """A cue, and the pixels of its place: height by width by RGB."""

    start_s: float
    end_s: float
    sheet: str
    pixels: np.ndarray


async def shown(read: Callable[[str], Awaitable[bytes]]) -> list[Shown]:
    """All cues of a recording, `read` by the names of its objects."""
    sheets: dict[str, np.ndarray] = {}
    found = []
    for start_s, end_s, text in cues(await read("thumbnails.vtt")):
        place = _PLACE.fullmatch(text)
        assert place, text
        if place[1] not in sheets:
            sheets[place[1]] = pixels(await read(place[1]))
        x, y, width, height = map(int, place.groups()[1:])
        cell = sheets[place[1]][y : y + height, x : x + width]
        assert cell.shape == (height, width, 3)
        found.append(Shown(start_s, end_s, place[1], cell))
    return found


def cues(text: bytes) -> list[tuple[float, float, str]]:
    """Start and end in seconds, and what is said."""
    with av.open(io.BytesIO(text), format="webvtt") as file:
        return [
            (packet.pts / 1000, (packet.pts + packet.duration) / 1000, bytes(packet).decode())
            for packet in file.demux()
            if packet.size and packet.pts is not None and packet.duration is not None
        ]


def pixels(picture: bytes) -> np.ndarray:
    """Height by width by RGB."""
    with av.open(io.BytesIO(picture)) as file:
        return next(file.decode(video=0)).to_ndarray(format="rgb24")
