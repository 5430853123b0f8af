"""What is in a file, and what has to be done to it? All packets are looked at once, none is decoded.

Picture that browsers play and that can be cut at its key frames is taken as it is, and so is Opus; all else is
transcoded.
"""

from __future__ import annotations

from contextlib import closing, suppress
from typing import TYPE_CHECKING, Final, Literal, cast

from av.error import FFmpegError
from av.stream import Disposition
from msgspec import Struct

from media.importing import avc_stream, codecs
from media.importing.container import opened

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.stream import VideoStream

Way = Literal["none", "copy", "transcode"]

LONGEST_S: Final = 12 * 3600.0
LONGEST_GAP_S: Final = 600.0
"""A longer hole in a track is no pause but damage."""
MOST_PIXELS: Final = 8192 * 8192
MOST_PACKETS: Final = 20_000_000
LARGEST_COPIED: Final = 3840 * 2160
LONGEST_GROUP_S: Final = 4.0
"""Key frames further apart would make segments that nobody can begin with."""
LONGEST_STILL_S: Final = 0.3
"""A part has to have a picture (`media/video_track.py`)."""
LONGEST_LAST_S: Final = 2.0
FARTHEST_APART_S: Final = 0.25
"""By so much may sound begin before picture."""


class Survey(Struct, frozen=True):
    """What was found. Times in seconds on the file's own clock; `why` is for the log."""

    kind: str
    begins_s: float
    ends_s: float
    """As far as it can be read."""
    picture_begins_s: float
    promised_s: float
    """How long the file says it is; 0 when it does not."""
    video: Way = "none"
    audio: Way = "none"
    video_codec: str = ""
    audio_codec: str = ""
    width: int = 0
    height: int = 0
    channels: int = 2
    packets: int = 0
    """So many can be read."""
    damage: str = ""
    """Why no more can."""
    why: str = ""

    @property
    def duration_s(self) -> float:
        """Of what can be read."""
        return self.ends_s - self.begins_s


def survey(descriptor: int) -> Survey:
    """Look at the file behind an open descriptor.

    Raises ValueError with a sentence for people when nothing of it can be imported.
    """
    with open(descriptor, "rb", closefd=False) as file:
        file.seek(0)
        container, kind = opened(file)
        with closing(container):
            return _surveyed(container, kind)


def tracks(container: InputContainer) -> tuple[VideoStream | None, AudioStream | None]:
    """The picture and the sound that are imported: the first of each that can be. An album's cover is no picture."""
    films = (stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic)
    video = next((stream for stream in films if codec_of(stream) in codecs.VIDEO), None)
    audio = next((stream for stream in container.streams.audio if codec_of(stream) in codecs.AUDIO), None)
    return video, audio


def codec_of(stream: Stream) -> str:
    """As FFmpeg names it; empty for one that it does not know."""
    return stream.codec_context.codec.canonical_name if stream.codec_context else ""


class _Track:
    """What the packets of one track say."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.codec = codec_of(stream)
        self.begins_s: float | None = None
        self.ends_s = 0.0
        self.last_s: float | None = None
        self.against_copying = ""

    def see(self, packet: Packet[Stream]) -> None:
        """Take its time. Raises ValueError where a track jumps."""
        time = packet.pts if packet.pts is not None else packet.dts
        if time is None:
            return
        at = float(time * packet.time_base)
        if self.last_s is not None and abs(at - self.last_s) > LONGEST_GAP_S:
            raise ValueError(f"its time jumps from {self.last_s:.0f} s to {at:.0f} s")
        if self.last_s is not None:
            self.look(at - self.last_s, packet)
        self.last_s = at
        self.begins_s = at if self.begins_s is None else min(self.begins_s, at)
        self.ends_s = max(self.ends_s, at + min(float((packet.duration or 0) * packet.time_base), LONGEST_LAST_S))
        if self.ends_s - self.begins_s > LONGEST_S:
            raise ValueError(f"it is longer than {LONGEST_S / 3600:.0f} hours")

    def look(self, step_s: float, packet: Packet[Stream]) -> None:
        """What speaks against taking it as it is?"""


class _Picture(_Track):
    def __init__(self, stream: VideoStream) -> None:
        super().__init__(stream)
        self._context = context = stream.codec_context
        self.width, self.height = context.width, context.height
        self._avc: avc_stream.AvcStream | None = None
        self._key_s: float | None = None
        if self.width * self.height > MOST_PIXELS:
            raise ValueError(f"Its picture has {self.width} x {self.height} pixels; that is too large to be imported.")
        self.against_copying = self._judged()

    def _judged(self) -> str:
        context = self._context
        if self.codec != "h264":
            return f"browsers do not all play {self.codec}"
        if self.width % 2 or self.height % 2 or self.width * self.height > LARGEST_COPIED:
            return f"{self.width} x {self.height} is no size for everybody"
        if context.sample_aspect_ratio not in (None, 0, 1):
            return "its pixels are not square"
        try:
            self._avc = avc_stream.read(bytes(context.extradata or b""))
        except ValueError as error:
            return str(error)
        return ""

    def see(self, packet: Packet[Stream]) -> None:
        super().see(packet)
        if self._avc and not self.against_copying:
            try:
                self._see_key_frame(packet, self._avc)
            except ValueError as error:
                self.against_copying = str(error)

    def _see_key_frame(self, packet: Packet[Stream], avc: avc_stream.AvcStream) -> None:
        if packet.has_sidedata("new_extradata"):
            raise ValueError("its configuration changes on the way")
        if self._key_s is None or packet.is_keyframe:
            if not avc_stream.is_idr(avc.nal_units(bytes(packet))):
                raise ValueError("a decoder cannot begin at its key frames")
            if self._key_s is None:
                self._look_at_picture(packet)
            self._key_s = self.last_s
        elif self.last_s is not None and self.last_s - self._key_s > LONGEST_GROUP_S:
            raise ValueError(f"its key frames are more than {LONGEST_GROUP_S:g} s apart")

    def _look_at_picture(self, packet: Packet[Stream]) -> None:
        """Which way is up? Only a decoded picture says so."""
        self._context.thread_count = 1
        with suppress(FFmpegError):
            for frame in self._context.decode(cast("Packet[VideoStream]", packet)):
                if frame.rotation:
                    raise ValueError(f"it is turned by {frame.rotation} degrees")
                if frame.interlaced_frame:
                    raise ValueError("it is interlaced")

    def look(self, step_s: float, packet: Packet[Stream]) -> None:
        if step_s <= 0:
            self.against_copying = self.against_copying or "its pictures are not shown in the order they come"
        elif step_s > LONGEST_STILL_S:
            self.against_copying = self.against_copying or f"a picture stands for {step_s:.1f} s"


class _Sound(_Track):
    def __init__(self, stream: AudioStream) -> None:
        super().__init__(stream)
        context = stream.codec_context
        self.channels = 1 if context.channels == 1 else 2
        if self.codec != "opus" or context.channels > 2:
            self.against_copying = f"it is {self.codec} with {context.channels} channels"


def _surveyed(container: InputContainer, kind: str) -> Survey:
    video, audio = tracks(container)
    picture = _Picture(video) if video else None
    sound = _Sound(audio) if audio else None
    if not (picture or sound):
        raise ValueError(_nothing(container, ""))
    promised_s = (container.duration or 0) / 1e6
    packets, damage = _look(container, [track for track in (picture, sound) if track])
    found = [track for track in (picture, sound) if track and track.begins_s is not None]
    if not found:
        raise ValueError(_nothing(container, damage))
    picture = picture if picture in found else None
    sound = sound if sound in found else None
    begins_s = min(track.begins_s or 0.0 for track in found)
    if picture and (picture.begins_s or 0.0) - begins_s > FARTHEST_APART_S and not picture.against_copying:
        picture.against_copying = "it begins behind its sound"
    return Survey(
        kind=kind,
        begins_s=begins_s,
        ends_s=max(track.ends_s for track in found),
        picture_begins_s=(picture.begins_s if picture else None) or begins_s,
        promised_s=promised_s if 0 < promised_s < LONGEST_S else 0.0,
        video=_way(picture),
        audio=_way(sound),
        video_codec=picture.codec if picture else "",
        audio_codec=sound.codec if sound else "",
        width=picture.width if picture else 0,
        height=picture.height if picture else 0,
        channels=sound.channels if sound else 2,
        packets=packets,
        damage=damage,
        why="; ".join(track.against_copying for track in found if track.against_copying),
    )


def _look(container: InputContainer, found: list[_Picture | _Sound]) -> tuple[int, str]:
    """See all packets, as far as they can be read; gives back how many, and why no more."""
    by_index: dict[int, _Track] = {track.stream.index: track for track in found}
    seen = 0
    try:
        for packet in container.demux([track.stream for track in found]):
            if packet.size:
                by_index[packet.stream_index].see(packet)
            seen += 1
            if seen > MOST_PACKETS:
                return seen, "it has too many packets"
    except FFmpegError as error:
        return seen, error.strerror or "it is damaged"
    except ValueError as error:
        return seen, str(error)
    return seen, ""


def _nothing(container: InputContainer, damage: str) -> str:
    if damage:
        return f"Nothing of the file can be read: {damage}."
    others = sorted({codec_of(stream) for stream in container.streams} - codecs.VIDEO - codecs.AUDIO - {""})
    if others:
        return f"What is in the file cannot be imported ({', '.join(others)}); convert it to H.264 and AAC, say."
    if len(container.streams):
        return "There is neither picture nor sound in the file that can be read; it may be incomplete."
    return "There is neither picture nor sound in the file."


def _way(track: _Track | None) -> Way:
    if track is None:
        return "none"
    return "transcode" if track.against_copying else "copy"
