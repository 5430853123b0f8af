"""How loud is it when? The lowest and highest sample of each 50 ms, in JSON as audiowaveform writes it (version 2)."""

import io
from collections.abc import Sequence
from typing import Final

import av
import numpy as np
from av.error import FFmpegError
from msgspec import Struct

from media.audio.audiowaveform import Waveform

SAMPLE_RATE: Final = 48_000
SAMPLES: Final = 2_400
"""Of one value, at the finest: 50 ms."""
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

    @property
    def end(self) -> int:
        """One more than the last value."""
        return self.first + len(self.pairs) // 2


def peaks(sounds: list[Sound]) -> Peaks:
    """What is heard in these, in the order of time. A damaged one is silent, as is a gap between two."""
    pieces = [(max(round(one.start_s * SAMPLE_RATE), 0), _samples(one.init + one.segment)) for one in sounds]
    pieces = [(start, samples) for start, samples in pieces if samples.size]
    if not pieces:
        return Peaks(0, b"")
    first = min(start for start, _ in pieces) // SAMPLES
    end = max(-(-(start + samples.shape[1]) // SAMPLES) for start, samples in pieces)
    found = np.zeros((end - first, 2), np.float32)
    for start, samples in pieces:
        _enter(found, start - first * SAMPLES, samples)
    return Peaks(first, (found * _FULL).round().clip(-_FULL, _FULL).astype(np.int8).tobytes())


def _samples(track: bytes) -> np.ndarray:
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


def _enter(found: np.ndarray, start: int, samples: np.ndarray) -> None:
    """Widen the values that these samples, the first of them at `start`, fall into."""
    value, skipped = divmod(start, SAMPLES)
    padding = (skipped, -(skipped + samples.shape[1]) % SAMPLES)
    lowest = np.pad(samples.min(axis=0), padding).reshape(-1, SAMPLES).min(axis=1)
    highest = np.pad(samples.max(axis=0), padding).reshape(-1, SAMPLES).max(axis=1)
    into = found[value : value + len(lowest)]
    into[:, 0] = np.minimum(into[:, 0], lowest)
    into[:, 1] = np.maximum(into[:, 1], highest)


def merge(parts: Sequence[Peaks], duration_s: float) -> Waveform:
    """Of a whole recording: version 2, one channel, 8 bits, at most `MOST` values."""
    count = max(-(-round(duration_s * SAMPLE_RATE) // SAMPLES), 1)
    values = np.zeros((count, 2), np.int8)
    for part in parts:
        pairs = np.frombuffer(part.pairs, np.int8).reshape(-1, 2)[: max(count - part.first, 0)]
        into = values[part.first : part.first + len(pairs)]
        into[:, 0] = np.minimum(into[:, 0], pairs[:, 0])
        into[:, 1] = np.maximum(into[:, 1], pairs[:, 1])
    factor = -(-count // MOST)
    coarse = np.concatenate([values, np.zeros((-count % factor, 2), np.int8)]).reshape(-1, factor, 2)
    pairs = np.stack([coarse[:, :, 0].min(axis=1), coarse[:, :, 1].max(axis=1)], axis=1)
    return Waveform(2, 1, SAMPLE_RATE, SAMPLES * factor, 8, len(pairs), pairs.reshape(-1).tolist())
