"""What follows in this file? It is read once, from its beginning; a bounded piece at a time, in the order of time."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from av.error import FFmpegError

from media.importing.batch import Batch, Picture, Sound
from media.importing.container import opened
from media.importing.copied import CopiedPicture, CopiedSound
from media.importing.picture_transcoder import TranscodedPicture
from media.importing.sound_transcoder import TranscodedSound
from media.importing.survey import Survey, tracks
from schemas.media import AUDIO_TIMESCALE, VIDEO_TIMESCALE

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.video.stream import VideoStream

BATCH_S: Final = 2.0
BATCH_BYTES: Final = 4 << 20
MOST_WAITING_BYTES: Final = 64 << 20
"""A track that stays behind the other is not waited for any longer."""


class Reader:
    """The file behind an open descriptor, of which `survey` has been made. Raises ValueError as `survey` does."""

    def __init__(self, descriptor: int, survey: Survey, segment_s: float) -> None:
        self._file = open(descriptor, "rb", closefd=False)  # noqa: SIM115  for as long as this lives
        self._file.seek(0)
        self._container, _ = opened(self._file)
        video, audio = tracks(self._container)
        self._picture = _picture(video, survey, segment_s) if video and survey.video != "none" else None
        self._sound = _sound(audio, survey) if audio and survey.audio != "none" else None
        wanted = [
            stream for stream, track in ((video, self._picture), (audio, self._sound)) if stream is not None and track
        ]
        self._packets = self._container.demux(wanted)
        self._left = survey.packets
        self._pictures: deque[Picture] = deque()
        self._sounds: deque[Sound] = deque()
        self._waiting_bytes = 0
        self._is_over = False
        self._told_s = 0.0

    def next(self) -> Batch:
        """What follows; the last one says so."""
        while not self._is_over and self._horizon_s() < self._told_s + BATCH_S and self._is_room():
            self._step()
        everything = self._is_over or not self._is_room()
        until_s = float("inf") if everything else self._horizon_s()
        batch = Batch(self._taken_pictures(until_s), self._taken_sounds(until_s), self._lost(), self._is_over)
        self._told_s = max(self._told_s, until_s) if not everything else self._reached_s()
        return batch

    def _step(self) -> None:
        """Read a packet."""
        try:
            packet = next(self._packets) if self._left else None
        except (StopIteration, FFmpegError):
            packet = None
        self._left -= 1
        if packet is None:
            self._finish()
        elif packet.size and packet.stream.type == "video" and self._picture:
            self._keep_pictures(self._picture.take(packet))
        elif packet.size and self._sound:
            self._keep_sounds(self._sound.take(packet))

    def _finish(self) -> None:
        self._is_over = True
        if self._picture:
            self._keep_pictures(self._picture.end())
        if self._sound:
            self._keep_sounds(self._sound.end())

    def _keep_pictures(self, pictures: list[Picture]) -> None:
        self._pictures.extend(pictures)
        self._waiting_bytes += sum(len(unit) for picture in pictures for unit in picture.nal_units)

    def _keep_sounds(self, sounds: list[Sound]) -> None:
        self._sounds.extend(sounds)
        self._waiting_bytes += sum(len(sound.data) for sound in sounds)

    def _horizon_s(self) -> float:
        """Nothing that comes lies before it."""
        found = [track.frontier_s for track in (self._picture, self._sound) if track]
        return min(found, default=0.0)

    def _reached_s(self) -> float:
        return max((track.frontier_s for track in (self._picture, self._sound) if track), default=0.0)

    def _is_room(self) -> bool:
        return self._waiting_bytes < MOST_WAITING_BYTES

    def _lost(self) -> int:
        return sum(track.lost for track in (self._picture, self._sound) if track)

    def _taken_pictures(self, until_s: float) -> list[Picture]:
        taken = []
        while self._pictures and self._pictures[0].at < until_s * VIDEO_TIMESCALE:
            taken.append(self._pictures.popleft())
            self._waiting_bytes -= sum(map(len, taken[-1].nal_units))
        return taken

    def _taken_sounds(self, until_s: float) -> list[Sound]:
        taken = []
        while self._sounds and self._sounds[0].at < until_s * AUDIO_TIMESCALE:
            taken.append(self._sounds.popleft())
            self._waiting_bytes -= len(taken[-1].data)
        return taken


def _picture(stream: VideoStream, survey: Survey, segment_s: float) -> CopiedPicture | TranscodedPicture:
    if survey.video == "copy":
        return CopiedPicture(stream, survey.begins_s)
    return TranscodedPicture(stream, survey.begins_s, survey.ends_s, segment_s)


def _sound(stream: AudioStream, survey: Survey) -> CopiedSound | TranscodedSound:
    if survey.audio == "copy":
        return CopiedSound(stream, survey.begins_s)
    return TranscodedSound(stream, survey.begins_s, survey.channels)
