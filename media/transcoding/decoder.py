"""Frames into pictures, at once: no decoder here holds one back."""

from collections.abc import Mapping
from typing import Final

import av
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame as Picture

DECODERS: Final[Mapping[str, str]] = {"VP8": "vp8", "VP9": "vp9", "AV1": "libdav1d"}
_LOW_DELAY: Final = "low_delay"


class Decoder:
    """Of one codec, for a picture of any size. After a frame that cannot be decoded it waits for a key frame."""

    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._context = _opened(codec)
        self._is_waiting = True

    def decode(self, data: bytes, *, key_frame: bool) -> Picture | None:
        """The picture that is shown of it, if any."""
        if self._is_waiting and not key_frame:
            return None
        try:
            pictures = self._context.decode(av.Packet(data))
        except FFmpegError:
            self._context, self._is_waiting = _opened(self._codec), True
            return None
        self._is_waiting = False
        return pictures[-1] if pictures else None


def _opened(codec: str) -> VideoCodecContext:
    """Raises ValueError for a codec that nobody has."""
    if codec not in DECODERS:
        raise ValueError(f"{codec} cannot be decoded here")
    context = av.CodecContext.create(DECODERS[codec], "r")
    assert isinstance(context, VideoCodecContext)
    context.thread_count = 1  # several would each hold back a frame
    context.options = {"flags": _LOW_DELAY}
    return context
