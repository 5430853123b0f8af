"""What moves when somebody points at a recording in the list? Moments from all over it, three seconds, as a WebP.

AVIF would be a fifth of it (17 kB against 90 for a test card), but is not shown by every mail program, chat and older
Safari; half a megabyte is the bound, and WebP keeps it even for noise.
"""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import av
from av.error import FFmpegError
from msgspec import Struct

from media.pictures.decoding import fitted, frames

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av.video.frame import VideoFrame

MAX_BYTES: Final = 500_000
MOMENTS: Final = 6
SECONDS: Final = 3.0
RATE: Final = 10
WIDTH: Final = 400
_TRIES: Final = ((WIDTH, 70), (WIDTH, 40), (320, 25), (240, 10), (160, 0))
"""Widths in pixels and qualities of libwebp, until it is small enough."""


def moment_s(moments: int) -> float:
    """How long each of so many moments is shown."""
    return SECONDS / max(moments, 1)


class Clip(Struct, frozen=True):
    """What is shown of a track (init and parts): from `skip_s` on, for `lasting_s`."""

    track: bytes
    skip_s: float
    lasting_s: float


def preview(clips: list[Clip]) -> bytes:
    """These, one after the other; a damaged one is left out.

    Raises: ValueError when there is no frame in any of them.
    """
    shown = [frame for clip in clips for frame in _moment(clip, max(round(clip.lasting_s * RATE), 1))]
    if not shown:
        raise ValueError("there is no frame in any of these moments")
    size = shown[0].width, shown[0].height
    found = b""
    for width, quality in _TRIES:
        found = _webp(shown, fitted(*size, width, width), quality)
        if len(found) <= MAX_BYTES:
            break
    return found


def _moment(clip: Clip, most: int) -> list[VideoFrame]:
    """So many frames, `RATE` a second; what stands still is shown again. None of what cannot be decoded."""
    found: list[VideoFrame] = []
    try:
        first_s = 0.0
        for frame in frames(clip.track, clip.skip_s):
            at_s = frame.time or 0.0
            first_s = first_s if found else at_s
            slot = min(int((at_s - first_s) * RATE + 1e-6), most)
            found += found[-1:] * (slot - len(found))
            if len(found) == most:
                break
            if slot == len(found):
                found.append(_small(frame))
    except FFmpegError:
        pass
    return found + found[-1:] * (most - len(found))


def _small(frame: VideoFrame) -> VideoFrame:
    """No larger than is needed: thirty frames of a 4K screen would be 370 MB."""
    return frame.reformat(*fitted(frame.width, frame.height, WIDTH, WIDTH), format="yuv420p", interpolation="AREA")


def _webp(shown: Sequence[VideoFrame], size: tuple[int, int], quality: int) -> bytes:
    written = io.BytesIO()
    with av.open(written, mode="w", format="webp", options={"loop": "0"}) as container:
        options = {"quality": str(quality), "compression_level": "4"}
        stream = container.add_stream("libwebp_anim", rate=RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for number, frame in enumerate(shown):
            scaled = frame.reformat(*size, format="yuv420p", interpolation="AREA")
            scaled.pts, scaled.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(scaled))
        container.mux(stream.encode(None))
    return written.getvalue()
