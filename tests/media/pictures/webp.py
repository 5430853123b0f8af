"""What is in an animated WebP (RFC 9649, 2.7), read apart from libwebp's own writer."""

import io
import struct
from collections.abc import Iterator

import av
import numpy as np
from msgspec import Struct


class Frame(Struct, frozen=True):
    """One frame: where it is drawn, for how long it is shown, and its picture, decoded."""

    x: int
    y: int
    duration_ms: int
    pixels: np.ndarray


def frames(data: bytes) -> list[Frame]:
    """Raises AssertionError for what is no animation."""
    assert data[:4] == b"RIFF"
    assert data[8:16] == b"WEBPVP8X"
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8
    chunks = list(_chunks(data[12:]))
    assert chunks[0][1][0] & 0x02, "the flag of an animation"
    loops = struct.unpack("<H", next(body for name, body in chunks if name == b"ANIM")[4:6])[0]
    assert loops == 0, "for ever"
    return [_frame(body) for name, body in chunks if name == b"ANMF"]


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        size = struct.unpack_from("<I", data, at + 4)[0]
        yield data[at : at + 4], data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _frame(body: bytes) -> Frame:
    x, y, _, _, duration = (int.from_bytes(body[at : at + 3], "little") for at in range(0, 15, 3))
    picture = next(
        b"RIFF" + struct.pack("<I", 12 + len(chunk)) + b"WEBP" + name + struct.pack("<I", len(chunk)) + chunk
        for name, chunk in _chunks(body[16:])
        if name in (b"VP8 ", b"VP8L")
    )
    with av.open(io.BytesIO(picture), format="webp_pipe") as still:
        return Frame(x * 2, y * 2, duration, next(still.decode(video=0)).to_ndarray(format="rgb24"))
