"""A recording as it lies in storage: a page of text that scrolls, frames that come when they like, parts in a row."""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache

import av
import numpy as np

from media.cmaf import fragment, init
from media.cmaf.fragment import Sample
from media.h264 import sps
from media.h264.annex_b import nal_units
from media.h264.nal_unit import IDR, PPS, SPS, kind, length_prefixed

BEGIN = 900_000
TICKS = 3_000


@cache
def page(width: int, height: int) -> np.ndarray:
    """Dark strokes on grainy paper, twice as high as the picture."""
    dice = np.random.default_rng(7)
    strokes = dice.random((height // 8 + 1, width // 16 + 1)) < 0.3
    grey = np.where(np.kron(strokes, np.ones((16, 16))), 60, 200)[: 2 * height, :width]
    return np.clip(grey + dice.normal(0, 12, grey.shape), 0, 255).astype(np.uint8)


def picture(line: int, width: int, height: int) -> av.VideoFrame:
    grey = page(width, height)[line % height :][:height]
    return av.VideoFrame.from_ndarray(np.repeat(grey[:, :, None], 3, axis=2), format="rgb24")


@cache
def segment(
    width: int, height: int, durations: tuple[int, ...], begin: int = BEGIN, first: int = 0, scrolls: int = 2
) -> tuple[bytes, bytes]:
    """The init segment, and a segment of frames that last so long, in parts of five; `scrolls` so many lines a frame."""
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.time_base = Fraction(1, 30)
    codec.options = {"profile": "baseline", "tune": "zerolatency", "preset": "ultrafast", "crf": "20"}
    coded = []
    for number in range(len(durations)):
        frame = picture((first + number) * scrolls, width, height).reformat(format="yuv420p")
        frame.pts = number
        coded += [nal_units(bytes(packet)) for packet in codec.encode(frame)]
    sets = {kind(unit): unit for unit in coded[0]}
    samples = [
        Sample(length_prefixed(unit for unit in units if kind(unit) not in (SPS, PPS)), ticks, kind(units[-1]) == IDR)
        for units, ticks in zip(coded, durations, strict=True)
    ]
    return init.video(sets[SPS], sets[PPS], sps.parse(sets[SPS])), in_parts(samples, begin)


def in_parts(samples: Sequence[Sample], begin: int) -> bytes:
    parts, at = [], begin
    for number in range(0, len(samples), 5):
        part = samples[number : number + 5]
        parts.append(fragment.write(number + 1, at, part))
        at += sum(sample.duration for sample in part)
    return b"".join(parts)
