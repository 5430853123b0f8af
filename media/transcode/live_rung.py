"""How does a low rung keep up with a recording? Each part as it comes: decoded, scaled, encoded without looking ahead.

A part of the rung covers the time of the source's part, to the tick. A picture that cannot be decoded is replaced by
the one before it, so no part is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from av.video.frame import PictureType, VideoFrame
from msgspec import Struct

from media.cmaf import fragment
from media.cmaf.fragment import Fragment, Sample
from media.transcode.encoder import X264, Coded, Encoder
from media.transcode.ladder import LIVE
from media.transcode.scaler import Scaler
from media.transcode.source import Decoder


class RungPart(Struct, frozen=True):
    """A part, and the init segment it decodes with."""

    data: bytes
    independent: bool
    init: bytes
    codec: str
    width: int
    height: int


class LiveRung:
    """The rung of one recording. Raises ValueError or FFmpegError for what is no media of ours."""

    def __init__(self, encoder: str = X264) -> None:
        self._name = encoder
        self._scaler = Scaler()
        self._decoder: Decoder | None = None
        self._encoder: Encoder | None = None
        self._newest: VideoFrame | None = None
        self._time = -1

    def begin(self, init: bytes) -> None:
        """What follows decodes with this init segment, beginning with a key frame."""
        self._decoder = Decoder(init, live=True)
        self._encoder = None
        self._newest = None

    def skip(self, data: bytes) -> None:
        """A part that somebody else has made already; what follows it refers to it."""
        self._encoder = None
        for frame in self._decoded(fragment.read(data)):
            self._newest = frame

    def add(self, data: bytes, sequence: int, key: bool) -> RungPart | None:  # noqa: FBT001  positional over the wire
        """The rung's part, `sequence` in its `mfhd`; with a key frame first if `key`. None before the first picture."""
        chunk = fragment.read(data)
        frames = self._decoded(chunk) or self._repeated(chunk)
        if not frames:
            return None
        kinds = [PictureType.I if key else PictureType.NONE, *[PictureType.NONE] * (len(frames) - 1)]
        coded = [one for frame, kind in zip(frames, kinds, strict=True) for one in self._encoded(frame, kind)]
        encoder = self._encoder
        if encoder is None or len(coded) != len(frames):
            raise ValueError(f"the encoder made {len(coded)} of {len(frames)} pictures")
        self._newest = frames[-1]
        made = fragment.write(sequence, chunk.decode_time, _samples(chunk, coded))
        said = encoder.said
        return RungPart(made, coded[0].sync, encoder.init(), said.codec, said.width, said.height)

    def _decoded(self, chunk: Fragment) -> list[VideoFrame]:
        if self._decoder is None:
            raise ValueError("a part has come before its init segment")
        return [frame for frame in self._decoder.add(chunk) if frame.pts is not None]

    def _repeated(self, chunk: Fragment) -> list[VideoFrame]:
        if self._newest is None:
            return []
        self._newest.pts = chunk.decode_time
        return [self._newest]

    def _encoded(self, frame: VideoFrame, kind: PictureType) -> list[Coded]:
        picture = self._scaler.to(frame, *LIVE.fitted(frame.width, frame.height))
        self._time = max(self._time + 1, frame.pts or 0)
        picture.pts = self._time
        if self._encoder is None or not self._encoder.takes(picture):
            self._encoder = Encoder(LIVE, picture, self._name, live=True)
        return self._encoder.add(picture, kind)


def _samples(chunk: Fragment, coded: Sequence[Coded]) -> list[Sample]:
    """As long as the source's samples; where there are more or fewer, each until the next."""
    durations = [sample.duration for sample in chunk.samples]
    if len(coded) != len(durations):
        end = chunk.decode_time + sum(durations)
        inside = [min(max(one.pts, chunk.decode_time), end) for one in coded]
        durations = [after - before for before, after in pairwise([chunk.decode_time, *inside[1:], end])]
    return [Sample(one.data, duration, one.sync) for one, duration in zip(coded, durations, strict=True)]
