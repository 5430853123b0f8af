"""A recording whose every frame says which one it is, so that it can be asked of whatever was made of it."""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache

import av
import numpy as np

from media.cmaf.box import boxes
from media.packager import Packager
from media.samples import Init, Part, VideoFrame
from tests.media.encoded import audio, in_order, nal_units
from tests.media.test_packager import Run

FPS = 30
SIZE = (320, 180)
BITS, BLOCK = 10, 32


def picture(number: int) -> av.VideoFrame:
    """Its number in white and black blocks."""
    plane = np.full((SIZE[1] * 3 // 2, SIZE[0]), 128, dtype=np.uint8)
    for bit in range(BITS):
        plane[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 235 if number >> bit & 1 else 16
    plane[BLOCK : SIZE[1]] = number * 2 % 200 + 20
    return av.VideoFrame.from_ndarray(plane, format="yuv420p")


def number_of(frame: av.VideoFrame) -> int:
    luma = frame.to_ndarray()[: frame.height]
    middle = BLOCK // 2
    return sum(int(luma[middle, bit * BLOCK + middle] > 128) << bit for bit in range(BITS))


@cache
def recording(seconds: float, keys: int = 60, *, sound: bool = True) -> tuple[Init | Part, ...]:
    """As the packager writes it into the log."""
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = *SIZE, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, FPS), Fraction(FPS)
    codec.options = {
        "profile": "baseline",
        "tune": "zerolatency",
        "preset": "ultrafast",
        "x264-params": f"keyint={keys}:min-keyint={keys}:scenecut=0",
    }
    found = []
    for number in range(round(seconds * FPS)):
        frame = picture(number)
        frame.pts = number
        found += [bytes(packet) for packet in codec.encode(frame)]
    found += [bytes(packet) for packet in codec.encode(None)]
    frames = [
        VideoFrame(units, 90_000 * n // FPS + 5_000_000, n / FPS, any(u[0] & 31 == 5 for u in units))
        for n, units in enumerate(map(nal_units, found))
    ]
    run = Run(Packager(video=True, audio=sound)).feed(in_order(frames, audio(seconds) if sound else []))
    return tuple(one for one in run.close(seconds).out if isinstance(one, Init | Part))


def numbers(init: bytes, segments: Sequence[bytes]) -> list[int]:
    """Which frames a decoder finds in segments of one init."""
    codec = av.CodecContext.create("h264", "r")
    at = init.index(b"avcC")
    codec.extradata = init[at + 4 : at - 4 + int.from_bytes(init[at - 4 : at])]
    found = []
    for segment in segments:
        moof = b""
        for name, payload in boxes(segment):
            if name == b"moof":
                moof = payload
            at = 0
            for size in sizes(moof) if name == b"mdat" else ():
                found += [number_of(frame) for frame in codec.decode(av.Packet(payload[at : at + size]))]
                at += size
    return found + [number_of(frame) for frame in codec.decode(None)]


def sizes(moof: bytes) -> list[int]:
    at = moof.index(b"trun") + 4
    count = int.from_bytes(moof[at + 4 : at + 8])
    return [int.from_bytes(moof[at + 12 + 12 * n + 4 : at + 12 + 12 * n + 8]) for n in range(count)]
