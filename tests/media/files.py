"""Files as other programs make them: MP4, MOV, WebM, MKV, with what codecs are wanted. Made with PyAV, kept a session."""

import tempfile
from fractions import Fraction
from functools import cache

import av
import numpy as np
from msgspec import Struct


class Made(Struct, frozen=True):
    """How a file is made; `video` or `audio` empty: without."""

    format: str = "mp4"
    video: str = "libx264"
    audio: str = "aac"
    seconds: float = 2.0
    size: tuple[int, int] = (320, 180)
    fps: int = 30
    pixels: str = "yuv420p"
    options: tuple[tuple[str, str], ...] = (("preset", "ultrafast"), ("g", "30"))
    rate: int = 48_000
    layout: str = "stereo"
    container: tuple[tuple[str, str], ...] = ()
    rotation: int = 0
    hertz: float = 440


@cache
def file(made: Made = Made()) -> bytes:  # noqa: B008  frozen
    """The bytes. Picture number n has the brightness `brightness(n)`; the sound is a tone."""
    with tempfile.NamedTemporaryFile() as out:
        _write(made, out.name)
        return out.read()


def _write(made: Made, path: str) -> None:
    with av.open(path, "w", format=made.format, container_options=dict(made.container)) as container:
        video = audio = None
        if made.video:
            video = container.add_stream(made.video, rate=made.fps, options=dict(made.options))
            video.width, video.height = made.size
            video.pix_fmt = made.pixels
            video.codec_context.thread_count = 1
        if made.audio:
            audio = container.add_stream(made.audio, rate=made.rate, layout=made.layout)
        for second in range(-(-round(made.seconds * 10) // 10)):
            if video:
                last = min((second + 1) * made.fps, round(made.seconds * made.fps))
                for number in range(second * made.fps, last):
                    container.mux(video.encode(_picture(made, number)))
            if audio:
                last = min((second + 1) * made.rate, round(made.seconds * made.rate))
                for frame in _tone(made, second * made.rate, last):
                    container.mux(audio.encode(frame))
        for stream in (video, audio):
            if stream:
                container.mux(stream.encode(None))


def brightness(number: int) -> int:
    """Of picture `number`: neighbours differ clearly."""
    return 32 + number * 37 % 192


def _picture(made: Made, number: int) -> av.VideoFrame:
    luma = np.full((made.size[1], made.size[0]), brightness(number), dtype=np.uint8)
    frame = av.VideoFrame.from_ndarray(luma, format="gray").reformat(format=made.pixels)
    frame.pts, frame.time_base = number, Fraction(1, made.fps)
    return frame


def _tone(made: Made, first: int, last: int) -> list[av.AudioFrame]:
    at = np.arange(first, last) / made.rate
    wave = (np.sin(at * made.hertz * 2 * np.pi) * 8000).astype(np.int16)
    channels = 2 if made.layout == "stereo" else 1
    frame = av.AudioFrame.from_ndarray(np.repeat(wave, channels).reshape(1, -1), format="s16", layout=made.layout)
    frame.sample_rate, frame.pts, frame.time_base = made.rate, first, Fraction(1, made.rate)
    return [frame]
