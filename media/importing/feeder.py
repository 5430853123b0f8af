"""How does a file become parts? As if somebody sent it, on a clock of its own that is as fast as we are."""

from collections.abc import Iterable, Sequence
from heapq import merge
from typing import Final

from media.importing.batch import Batch, Picture, Sound
from media.packager import Packager
from media.samples import AudioPacket, Init, Output, Part, VideoFrame
from schemas.media import AUDIO_TIMESCALE, VIDEO_TIMESCALE

BEGIN_S: Final = 1_000.0
"""What the clock says where the file begins."""
_TICKS: Final = 1_000
"""More than a packager does between two samples."""


class Feeder:
    """Feeds one packager; the file begins at `wall_us`, microseconds since 1970."""

    def __init__(self, packager: Packager, wall_us: int) -> None:
        self._packager = packager
        self._wall_us = wall_us
        self._now = BEGIN_S

    @property
    def position_s(self) -> float:
        """How far the file has been fed."""
        return self._now - BEGIN_S

    def feed(self, batch: Batch) -> list[Init | Part]:
        """What the samples of a batch, and the time between them, complete."""
        out: list[Init | Part] = []
        samples: Iterable[Picture | Sound] = merge(batch.pictures, batch.sounds, key=_time_s)
        for sample in samples:
            now = max(self._now, BEGIN_S + _time_s(sample))
            out += self._until(now)
            self._now = now
            if isinstance(sample, Picture):
                frame = VideoFrame(tuple(sample.nal_units), sample.at, now, sample.key_frame)
                out += _media(self._packager.add_video(frame, now, self._wall(now)))
            else:
                packet = AudioPacket(sample.data, sample.at, now)
                out += _media(self._packager.add_audio(packet, now, self._wall(now)))
        return out

    def end(self) -> list[Init | Part]:
        """What is still open."""
        return _media(self._packager.close(self._now, self._wall(self._now)))

    def _until(self, now: float) -> list[Init | Part]:
        """Let the time pass."""
        out: list[Init | Part] = []
        for _ in range(_TICKS):
            due = self._packager.deadline()
            if due is None or due >= now:
                break
            self._now = max(self._now, due)
            out += _media(self._packager.tick(self._now, self._wall(self._now)))
            following = self._packager.deadline()
            if following is not None and following <= due:
                break
        return out

    def _wall(self, now: float) -> int:
        return self._wall_us + round((now - BEGIN_S) * 1e6)


def _time_s(sample: Picture | Sound) -> float:
    return sample.at / (VIDEO_TIMESCALE if isinstance(sample, Picture) else AUDIO_TIMESCALE)


def _media(out: Sequence[Output]) -> list[Init | Part]:
    """Nobody can be asked for a key frame."""
    return [said for said in out if isinstance(said, Init | Part)]
