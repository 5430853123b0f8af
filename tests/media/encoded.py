"""H.264 and Opus as a browser sends them, made with PyAV: frames and packets with timestamps."""

from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np

from media.samples import AudioPacket, VideoFrame


def nal_units(annex_b: bytes) -> tuple[bytes, ...]:
    units = annex_b.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01")
    return tuple(unit for unit in units if unit)


def video(seconds: float, fps: int = 30, size: tuple[int, int] = (320, 180), keys: int = 60) -> list[VideoFrame]:
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = *size, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, fps), Fraction(fps)
    codec.options = {
        "profile": "baseline",
        "tune": "zerolatency",
        "preset": "ultrafast",
        "x264-params": f"keyint={keys}",
    }
    found = []
    for number in range(round(seconds * fps)):
        picture = np.full((size[1], size[0], 3), number * 3 % 256, dtype=np.uint8)
        picture[:, : number % size[0]] = 255 - number % 200
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts = number
        found += [bytes(packet) for packet in codec.encode(frame)]
    found += [bytes(packet) for packet in codec.encode(None)]
    return [
        VideoFrame(units, 90_000 * n // fps + 5_000_000, n / fps, any(u[0] & 31 == 5 for u in units))
        for n, units in enumerate(map(nal_units, found))
    ]


def audio(seconds: float, hertz: float = 440) -> list[AudioPacket]:
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format = 48_000, "stereo", "flt"
    codec.time_base = Fraction(1, 48_000)
    found = []
    for number in range(round(seconds * 50)):
        at = (np.arange(960) + number * 960) / 48_000
        tone = np.repeat(np.sin(at * hertz * 2 * np.pi).astype(np.float32) / 4, 2).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(tone, format="flt", layout="stereo")
        frame.sample_rate, frame.pts = 48_000, number * 960
        found += [bytes(packet) for packet in codec.encode(frame)]
    return [AudioPacket(data, n * 960 + 77_000, n / 50) for n, data in enumerate(found)]


def in_order(*tracks: list[VideoFrame] | list[AudioPacket]) -> Iterator[VideoFrame | AudioPacket]:
    yield from sorted((sample for track in tracks for sample in track), key=lambda sample: sample.arrived)
