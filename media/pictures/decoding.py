"""Which picture does a track begin with? Decoded by one thread: a key frame is too little work to be shared out."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import av

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.video.frame import VideoFrame


def first_frame(track: bytes) -> VideoFrame:
    """The first frame of an init segment and what follows it.

    Raises: av.error.FFmpegError when it cannot be decoded, ValueError when there is no frame in it.
    """
    for frame in frames(track):
        return frame
    raise ValueError("there is no frame in this part")


def frames(track: bytes) -> Iterator[VideoFrame]:
    """All frames, in the order in which they are shown. Raises av.error.FFmpegError."""
    with av.open(io.BytesIO(track), mode="r", format="mp4") as container:
        container.streams.video[0].codec_context.thread_count = 1
        yield from container.decode(video=0)


def fitted(width: int, height: int, max_width: int, max_height: int | None = None) -> tuple[int, int]:
    """Even sizes of the same shape that fit, never larger than the frame."""
    scale = min(1.0, max_width / width, max_height / height if max_height else 1.0)
    return max(round(width * scale / 2) * 2, 2), max(round(height * scale / 2) * 2, 2)
