"""How is a rung encoded? By x264 on any machine, or by the encoder of its graphics card; every frame at its own time.

All options are fixed by rung and size, so that the init segments of stretches encoded apart are the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

import av
from av.codec.codec import UnknownCodecError
from av.codec.context import Flags
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream
from msgspec import Struct

from media.cmaf import init
from media.h264 import sps
from media.h264.annex_b import nal_units
from media.h264.nal_unit import IDR, PPS, SLICE, SPS, kind, length_prefixed
from media.transcode.ladder import Rung
from schemas.media import VIDEO_TIMESCALE

X264: Final = "libx264"
ENCODERS: Final = (X264, "h264_nvenc", "h264_vaapi", "h264_videotoolbox", "h264_qsv", "h264_amf")
NOMINAL_RATE: Final = 30
"""What levels are chosen by; a recording has as many frames a second as its screen changes."""
_PICTURE: Final = (SLICE, IDR)


class Coded(Struct, frozen=True):
    """A frame as it is stored; `pts` in ticks of 90 kHz."""

    pts: int
    data: bytes
    sync: bool


class Encoder:
    """Encodes the pictures of one size of one rung, each `live` at once, else with what the next ones tell."""

    def __init__(self, rung: Rung, like: VideoFrame, name: str = X264, *, live: bool = False, hurried: int = 0) -> None:
        """For frames like this one.

        `hurried`: with x264, as fast as can be, for a few frames; it is the number of its parameter sets.

        Raises ValueError when there is no encoder of that name, or it does not open.
        """
        self._codec = _opened(rung, like, name, live=live, hurried=hurried)
        self._parameters: tuple[bytes, bytes] | None = None

    def takes(self, frame: VideoFrame) -> bool:
        """Whether it is of the size that is being encoded."""
        return (frame.width, frame.height) == (self._codec.width, self._codec.height)

    def add(self, frame: VideoFrame, kind: PictureType = PictureType.NONE) -> list[Coded]:
        """Take a frame in, of the right size, its `pts` in ticks; what is ready. An I is a key frame."""
        frame.pict_type = kind
        frame.time_base = Fraction(1, VIDEO_TIMESCALE)
        return [self._coded(packet) for packet in self._codec.encode(frame)]

    def end(self) -> list[Coded]:
        """What is left."""
        return [self._coded(packet) for packet in self._codec.encode(None)]

    @property
    def said(self) -> sps.SequenceParameterSet:
        """Size and codec, from what the encoder itself writes. Known once something came out."""
        return sps.parse(self._sets()[0])

    def init(self) -> bytes:
        """The init segment. Known once something came out."""
        return init.video(*self._sets(), self.said)

    @property
    def parameter_sets(self) -> tuple[bytes, bytes]:
        """Of the sequence and of the picture. Known once something came out."""
        return self._sets()

    def _sets(self) -> tuple[bytes, bytes]:
        if self._parameters is None:
            self._keep(nal_units(bytes(self._codec.extradata or b"")))
        if self._parameters is None:
            raise ValueError("the encoder has told no parameter sets")
        return self._parameters

    def _keep(self, units: list[bytes]) -> None:
        first = {kind(unit): unit for unit in reversed(units)}
        if SPS in first and PPS in first:
            self._parameters = first[SPS], first[PPS]

    def _coded(self, packet: Packet[VideoStream]) -> Coded:
        units = nal_units(bytes(packet))
        if self._parameters is None:
            self._keep(units)
        pictures = [unit for unit in units if kind(unit) in _PICTURE]
        assert packet.pts is not None
        return Coded(packet.pts, length_prefixed(pictures), any(kind(unit) == IDR for unit in pictures))


def check(name: str) -> None:
    """Whether this machine can encode by that name: one picture is tried.

    Raises ValueError with a sentence that says what would do.
    """
    there = [known for known in ENCODERS if _is_there(known)]
    if name not in there:
        raise ValueError(f"FFmpeg offers no {name} here; there is {', '.join(there) or 'none'}")
    rung = Rung("trial", 320, 180, 23, 1_000_000)
    frame = VideoFrame(rung.width, rung.height, "yuv420p")
    frame.pts = 0
    encoder = Encoder(rung, frame, name)
    try:
        coded = encoder.add(frame, PictureType.I) + encoder.end()
    except FFmpegError as error:
        raise ValueError(f"{name} does not work on this machine: {error}") from error
    if not coded or not coded[0].sync:
        raise ValueError(f"{name} gave no key frame on this machine")


def options(rung: Rung, name: str, *, live: bool, hurried: int = 0) -> Mapping[str, str]:
    """What FFmpeg is told: quality first, bounded over a second; no key frame but the ones that are asked for."""
    bound = {"maxrate": str(rung.max_bits_per_s), "bufsize": str(rung.max_bits_per_s)}
    match name:
        case "libx264":
            params = f"keyint=infinite:threads=1:sps-id={hurried}"
            more = {"preset": "ultrafast" if hurried else "veryfast", "crf": f"{rung.crf:g}", "x264-params": params}
            return bound | more | ({"tune": "zerolatency"} if live else {})
        case "h264_nvenc":
            more = {"preset": "p4", "rc": "vbr", "cq": f"{rung.crf:g}", "forced-idr": "1", "bf": "0"}
            return bound | more | ({"tune": "ull", "zerolatency": "1"} if live else {})
        case "h264_vaapi":
            return bound | {"rc_mode": "QVBR", "global_quality": f"{rung.crf:g}", "bf": "0"}
        case _:
            return bound | {"b": str(rung.max_bits_per_s // 2), "bf": "0"}


def _is_there(name: str) -> bool:
    try:
        av.Codec(name, "w")
    except UnknownCodecError:
        return False
    return True


def _opened(rung: Rung, like: VideoFrame, name: str, *, live: bool, hurried: int) -> VideoCodecContext:
    try:
        codec = av.CodecContext.create(name, "w")
        assert isinstance(codec, VideoCodecContext)
        codec.width, codec.height, codec.pix_fmt = like.width, like.height, like.format.name
        codec.colorspace, codec.color_range = like.colorspace, like.color_range
        codec.color_primaries, codec.color_trc = like.color_primaries, like.color_trc
        codec.time_base, codec.framerate = Fraction(1, VIDEO_TIMESCALE), Fraction(NOMINAL_RATE)
        codec.thread_count = 1
        codec.gop_size = 1 << 20
        codec.flags |= Flags.global_header | Flags.closed_gop
        codec.options = dict(options(rung, name, live=live, hurried=hurried))
        codec.open()
    except UnknownCodecError as error:
        raise ValueError(f"FFmpeg offers no {name} here") from error
    except FFmpegError as error:
        raise ValueError(f"{name} cannot be used for {like.width} by {like.height}: {error}") from error
    return codec
