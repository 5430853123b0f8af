"""Which picture does a track begin with? Decoded by one thread: a key frame is too little work to be shared out."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import av

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.video.frame import VideoFrame

_SLACK_S: Final = 0.001


def first_frame(track: bytes, skip_s: float = 0.0) -> VideoFrame:
    """The first frame of an init segment and what follows it, or of what comes so much later.

    Raises: av.error.FFmpegError when it cannot be decoded, ValueError when there is no frame in it.
    """
    for frame in frames(track, skip_s):
        return frame
    raise ValueError("there is no frame in this part")


def frames(track: bytes, skip_s: float = 0.0) -> Iterator[VideoFrame]:
    """The frames that are shown from `skip_s` after the first one on, in that order. Raises av.error.FFmpegError."""
    first_s = None
    with av.open(io.BytesIO(track), mode="r", format="mp4") as container:
        container.streams.video[0].codec_context.thread_count = 1
        for frame in container.decode(video=0):
            at_s = frame.time or 0.0
            first_s = at_s if first_s is None else first_s
            if at_s - first_s >= skip_s - _SLACK_S:
                yield frame


def fitted(width: int, height: int, max_width: int, max_height: int | None = None) -> tuple[int, int]:
    """Even sizes of the same shape that fit, never larger than the frame."""
    scale = min(1.0, max_width / width, max_height / height if max_height else 1.0)
    return max(round(width * scale / 2) * 2, 2), max(round(height * scale / 2) * 2, 2)
