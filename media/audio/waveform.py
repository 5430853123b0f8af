"""How loud is it when? The lowest and the highest sample of each 50 ms; of each longer while in a long recording."""

import io
from collections.abc import Sequence
from typing import Final

import av
import numpy as np
from av.error import FFmpegError
from msgspec import Struct

from media.audio.audiowaveform import Waveform

SAMPLE_RATE: Final = 48_000
FINEST: Final = 2_400
"""So many samples one value stands for, at least: 50 ms."""
MOST: Final = 6_000
"""Values of a recording; one of more than five minutes has coarser ones."""
_FULL: Final = 127


class Sound(Struct, frozen=True):
    """A stretch of an audio rendition: an init segment and one segment, which begins `start_s` after the picture."""

    start_s: float
    init: bytes
    segment: bytes


class Peaks(Struct, frozen=True):
    """From value `first` on: pairs of signed bytes, the lowest and the highest sample; silence is 0, 0."""

    first: int
    pairs: bytes


def samples_per_value(duration_s: float) -> int:
    """So that a recording of that length has no more than `MOST` values."""
    return FINEST * max(-(-_samples_in(duration_s) // (FINEST * MOST)), 1)


def peaks(sounds: list[Sound], per_value: int) -> Peaks:
    """What is heard in these, in the order of time. A damaged one is silent, as is a gap between two."""
    pieces = [(max(_samples_in(one.start_s), 0), _decoded(one.init + one.segment)) for one in sounds]
    pieces = [(start, samples) for start, samples in pieces if samples.size]
    if not pieces:
        return Peaks(0, b"")
    first = min(start for start, _ in pieces) // per_value
    end = max(-(-(start + samples.shape[1]) // per_value) for start, samples in pieces)
    found = np.zeros((end - first, 2), np.float32)
    for start, samples in pieces:
        _enter(found, start - first * per_value, samples, per_value)
    return Peaks(first, (found * _FULL).round().clip(-_FULL, _FULL).astype(np.int8).tobytes())


def merge(parts: Sequence[Peaks], duration_s: float) -> Waveform:
    """Of a whole recording, from peaks with the samples a value that its length asks for."""
    per_value = samples_per_value(duration_s)
    values = np.zeros((max(-(-_samples_in(duration_s) // per_value), 1), 2), np.int8)
    for part in parts:
        pairs = np.frombuffer(part.pairs, np.int8).reshape(-1, 2)[: max(len(values) - part.first, 0)]
        into = values[part.first : part.first + len(pairs)]
        into[:, 0] = np.minimum(into[:, 0], pairs[:, 0])
        into[:, 1] = np.maximum(into[:, 1], pairs[:, 1])
    return Waveform(2, 1, SAMPLE_RATE, per_value, 8, len(values), values.reshape(-1).tolist())


def _samples_in(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


def _decoded(track: bytes) -> np.ndarray:
    """Channels by samples of 48 kHz, full scale is 1; none of what cannot be decoded."""
    found: list[np.ndarray] = []
    try:
        with av.open(io.BytesIO(track), mode="r", format="mp4") as container:
            resampler = av.AudioResampler(format="fltp", rate=SAMPLE_RATE)
            for frame in container.decode(audio=0):
                found += [made.to_ndarray() for made in resampler.resample(frame)]
            found += [made.to_ndarray() for made in resampler.resample(None)]
    except (FFmpegError, ValueError, IndexError):
        pass
    return np.concatenate(found, axis=1) if found else np.empty((1, 0), np.float32)


def _enter(found: np.ndarray, start: int, samples: np.ndarray, per_value: int) -> None:
    """Widen the values that these samples, the first of them at `start`, fall into."""
    value, skipped = divmod(start, per_value)
    padding = (skipped, -(skipped + samples.shape[1]) % per_value)
    lowest = np.pad(samples.min(axis=0), padding).reshape(-1, per_value).min(axis=1)
    highest = np.pad(samples.max(axis=0), padding).reshape(-1, per_value).max(axis=1)
    into = found[value : value + len(lowest)]
    into[:, 0] = np.minimum(into[:, 0], lowest)
    into[:, 1] = np.maximum(into[:, 1], highest)
