"""A recording of any length in seconds: a short clip, encoded once, packaged again and again with the right times."""

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import Final

import av
import numpy as np

from media.packager import Packager
from media.samples import AudioPacket, Init, Output, Part, VideoFrame

FPS: Final = 30
CLIP_S: Final = 20
KEY_FRAMES_S: Final = 2
_PACKET: Final = 960
_CLOCK: Final = 90_000


def recording(seconds: int, width: int, height: int, bits_per_s: int, wall_us: int) -> Iterator[Init | Part]:
    """Picture and sound as a gateway would write them into the log; `wall_us` is when it began."""
    packager = Packager(video=True, audio=True)
    for sample in _samples(seconds, width, height, bits_per_s):
        at_us = wall_us + round(sample.arrived * 1e6)
        if isinstance(sample, VideoFrame):
            yield from _media(packager.add_video(sample, sample.arrived, at_us))
        else:
            yield from _media(packager.add_audio(sample, sample.arrived, at_us))
    yield from _media(packager.close(seconds, wall_us + seconds * 1_000_000))


def _media(outputs: list[Output]) -> Iterator[Init | Part]:
    return (one for one in outputs if isinstance(one, Init | Part))


def _samples(seconds: int, width: int, height: int, bits_per_s: int) -> Iterator[VideoFrame | AudioPacket]:
    frames, packets = picture(width, height, bits_per_s), sound()
    video, audio = 0, 0
    while video < seconds * FPS:
        if audio * _PACKET * FPS <= video * 48_000:
            yield AudioPacket(packets[audio % len(packets)], audio * _PACKET, audio * _PACKET / 48_000)
            audio += 1
            continue
        units = frames[video % len(frames)]
        is_key = any(unit[0] & 31 == 5 for unit in units)  # noqa: PLR2004  an IDR slice
        yield VideoFrame(units, video * _CLOCK // FPS, video / FPS, is_key)
        video += 1


@cache
def picture(width: int, height: int, bits_per_s: int) -> list[tuple[bytes, ...]]:
    """`CLIP_S` of a moving picture as a browser sends it: NAL units of each frame."""
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt, codec.bit_rate = width, height, "yuv420p", bits_per_s
    codec.time_base, codec.framerate = Fraction(1, FPS), Fraction(FPS)
    keys, kbits = KEY_FRAMES_S * FPS, bits_per_s // 1000
    codec.options = {
        "profile": "baseline",
        "tune": "zerolatency",
        "preset": "ultrafast",
        "x264-params": f"keyint={keys}:min-keyint={keys}:scenecut=0:vbv-maxrate={kbits}:vbv-bufsize={kbits}",
    }
    noise = np.random.default_rng(4).integers(0, 256, (height, width + CLIP_S * FPS), dtype=np.uint8)
    found: list[bytes] = []
    for number in range(CLIP_S * FPS):
        plane = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
        plane[: height // 2] = noise[: height // 2, number : number + width]
        frame = av.VideoFrame.from_ndarray(plane, format="yuv420p")
        frame.pts = number
        found += [bytes(packet) for packet in codec.encode(frame)]
    found += [bytes(packet) for packet in codec.encode(None)]
    return [_nal_units(packet) for packet in found]


@cache
def sound() -> list[bytes]:
    """`CLIP_S` of Opus packets."""
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format, codec.bit_rate = 48_000, "stereo", "flt", 64_000
    codec.time_base = Fraction(1, 48_000)
    found: list[bytes] = []
    for number in range(CLIP_S * 48_000 // _PACKET):
        at = (np.arange(_PACKET) + number * _PACKET) / 48_000
        tone = np.repeat(np.sin(at * 440 * 2 * np.pi).astype(np.float32) / 4, 2).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(tone, format="flt", layout="stereo")
        frame.sample_rate, frame.pts = 48_000, number * _PACKET
        found += [bytes(packet) for packet in codec.encode(frame)]
    return found


def _nal_units(annex_b: bytes) -> tuple[bytes, ...]:
    units = annex_b.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01")
    return tuple(unit for unit in units if unit)
