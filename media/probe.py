"""What is really in a file or a rendition? Measured from its packets and its first picture, not from what it says.

To be run in a sandbox: strangers have made these bytes.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from av.error import FFmpegError
from av.stream import Disposition
from msgspec import Struct, structs

from media.importing.container import opened

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.frame import VideoFrame

_LOOKS: Final = 64
"""So many packets are tried for a first picture."""


class Measured(Struct, frozen=True):
    """What stands in a row of `video_metadata`; 0 or empty where there is no such track."""

    format: str
    """mp4, mov, webm or matroska."""
    codec: str = ""
    """Of the picture, as FFmpeg names it: h264, hevc, vp9, av1, …; of the sound when there is no picture."""
    audio_codec: str = ""
    width: int = 0
    height: int = 0
    """Of the first picture as it is decoded, before any rotation."""
    frames: int = 0
    duration_seconds: float = 0.0
    """Of the longest track, without what lies before its first sample."""
    size_bytes: int = 0

    @property
    def frame_rate(self) -> float:
        """Frames a second, the mean."""
        return self.frames / self.duration_seconds if self.duration_seconds else 0.0

    @property
    def bitrate(self) -> int:
        """Bits a second, the mean of everything."""
        return round(self.size_bytes * 8 / self.duration_seconds) if self.duration_seconds else 0


def file(path: str) -> Measured:
    """A file on disk. Raises ValueError with a sentence for people when nothing can be read."""
    with Path(path).open("rb") as opened_file:
        return _measure(opened_file, Path(path).stat().st_size)


def pieces(init: bytes, segments: Sequence[bytes]) -> Measured:
    """One rendition, or a stretch of it: an init segment and what decodes with it. Raises ValueError."""
    size = sum(map(len, segments))
    return _measure(io.BytesIO(b"".join((init, *segments))), size)


def in_a_row(measured: Sequence[Measured]) -> Measured:
    """Stretches of one rendition, of at least one, one behind the other; of pictures the largest."""
    return structs.replace(
        measured[0],
        width=max(one.width for one in measured),
        height=max(one.height for one in measured),
        frames=sum(one.frames for one in measured),
        duration_seconds=sum(one.duration_seconds for one in measured),
        size_bytes=sum(one.size_bytes for one in measured),
    )


def side_by_side(video: Measured, audio: Measured) -> Measured:
    """Picture and sound of one recording, measured apart."""
    return structs.replace(
        video,
        audio_codec=audio.audio_codec,
        duration_seconds=max(video.duration_seconds, audio.duration_seconds),
        size_bytes=video.size_bytes + audio.size_bytes,
    )


class _Track:
    """What its packets say. A closed container takes its streams with it, so what is told later is read here."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.kind = stream.type
        self.codec = stream.codec_context.codec.canonical_name
        self.frames = 0
        self._first: float | None = None
        self._end = 0.0

    def see(self, packet: Packet[Stream]) -> None:
        self.frames += 1
        time = packet.pts if packet.pts is not None else packet.dts
        if time is None:
            return
        start = float(time * packet.time_base)
        self._first = start if self._first is None else min(self._first, start)
        self._end = max(self._end, start + float((packet.duration or 0) * packet.time_base))

    @property
    def duration_s(self) -> float:
        return 0.0 if self._first is None else self._end - self._first


def _measure(source: IO[bytes], size_bytes: int) -> Measured:
    container, kind = opened(source)
    with closing(container):
        video = next((s for s in container.streams.video if not s.disposition & Disposition.attached_pic), None)
        tracks = [_Track(stream) for stream in (video, *container.streams.audio[:1]) if stream and stream.codec_context]
        picture = _read(container, tracks)
    found = {track.kind: track for track in tracks if track.frames}
    if not found:
        raise ValueError("There is neither picture nor sound in the file.")
    names = {of: track.codec for of, track in found.items()}
    return Measured(
        format=kind,
        codec=names.get("video") or names["audio"],
        audio_codec=names.get("audio", ""),
        width=picture.width if picture else 0,
        height=picture.height if picture else 0,
        frames=found["video"].frames if "video" in found else 0,
        duration_seconds=max(track.duration_s for track in found.values()),
        size_bytes=size_bytes,
    )


def _read(container: InputContainer, tracks: Sequence[_Track]) -> VideoFrame | None:
    """All packets, as far as they can be read; gives back the first picture."""
    by_index = {track.stream.index: track for track in tracks}
    picture, looks = None, _LOOKS
    with suppress(FFmpegError):
        for packet in container.demux([track.stream for track in tracks]):
            if not packet.size:
                continue
            by_index[packet.stream_index].see(packet)
            if packet.stream.type == "video" and picture is None and looks:
                looks -= 1
                picture = _picture(packet)
    return picture


def _picture(packet: Packet[Stream]) -> VideoFrame | None:
    with suppress(FFmpegError):
        for frame in packet.decode():
            return frame  # type: ignore[return-value]  # of a video stream
    return None
