"""A source without H.264 whose every picture shows its number, written down by a `Journal`; and the numbers read back."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cache
from io import BytesIO
from itertools import count
from typing import Final

import av
import numpy as np

from media.cmaf import fragment
from media.journal.journal import Journal, Written
from media.samples import AudioPacket, Continuation, Init, KeyFrameWanted, Part, VideoFrame
from schemas.media import AUDIO, VIDEO
from schemas.raw import PageHeaders

BITS: Final = 10
BLOCK: Final = 16
SIZE: Final = (BITS * BLOCK, 4 * BLOCK)
FPS: Final = 30
WALL: Final = 1_800_000_000_000_000
_OPTIONS: Final = {"deadline": "realtime", "cpu-used": "8", "auto-alt-ref": "0", "lag-in-frames": "0"}


@cache
def coded(frames: int, keys: int = 45, first: int = 0, scale: int = 1) -> tuple[bytes, ...]:
    """VP8 frames that show `first` and the numbers behind it; a key frame every `keys`."""
    context = av.CodecContext.create("libvpx", "w")
    context.width, context.height, context.pix_fmt = SIZE[0] * scale, SIZE[1] * scale, "yuv420p"
    context.time_base, context.gop_size, context.bit_rate, context.options = Fraction(1, FPS), keys, 2_000_000, _OPTIONS
    found = []
    for number in range(frames):
        bits = [255 * (first + number >> bit & 1) for bit in range(BITS)]
        grey = np.repeat(np.array(bits, np.uint8), BLOCK * scale)
        picture = np.repeat(np.tile(grey, (SIZE[1] * scale, 1))[:, :, None], 3, axis=2)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts = number
        found += [bytes(packet) for packet in context.encode(frame)]
    return tuple(found + [bytes(packet) for packet in context.encode(None)])


class Source:
    """Says to a journal what a gateway would, by its own clock."""

    def __init__(self, session: str = "a", *, codec: str = "VP8", channels: int = 2, at: float = 100.0) -> None:
        said = PageHeaders(session, 0, codec, channels, 1 / 3, 2.0)
        self.journal = Journal(said)
        self._session = session.encode()
        self.pages: list[Written] = []
        self.asked: list[float] = []
        self.now = at
        self._packets = count() if channels else iter(())
        self._sound_due = at

    def send(self, frames: Sequence[bytes], *, interval_s: float = 1 / FPS) -> "Source":
        """Frames at their distance, and sound beside them."""
        for data in frames:
            self._sound(self.now)
            self._tick(self.now)
            frame = VideoFrame((data,), round(self.now * 90_000), self.now, not data[0] & 1)
            self._take(self.journal.add_video(frame, self.now, self.wall))
            self.now += interval_s
        return self

    def wait(self, seconds: float) -> "Source":
        """Nothing comes."""
        self._tick(self.now + seconds)
        self.now += seconds
        self._sound_due = self.now
        return self

    def speak(self, seconds: float) -> "Source":
        """Sound alone."""
        self.now += seconds
        self._sound(self.now)
        self._tick(self.now)
        return self

    def pause(self) -> "Source":
        self._take(self.journal.pause(self.now, self.wall))
        return self

    def resume(self) -> "Source":
        self._take(self.journal.resume(self.now, self.wall))
        return self

    def close(self) -> list[Written]:
        """All pages."""
        self._take(self.journal.close(self.now, self.wall))
        return self.pages

    @property
    def wall(self) -> int:
        return WALL + round(self.now * 1e6)

    def _sound(self, until: float) -> None:
        while self._sound_due <= until and (number := next(self._packets, None)) is not None:
            data = b"\xfc" + self._session + number.to_bytes(4, "big")  # 20 ms, each one of its own
            said = AudioPacket(data, round(self._sound_due * 48_000), self._sound_due)
            self._take(self.journal.add_audio(said, self._sound_due, self.wall))
            self._sound_due += 0.02

    def _tick(self, until: float) -> None:
        while (due := self.journal.deadline()) is not None and due < until:
            self._take(self.journal.tick(due, WALL + round(due * 1e6)))

    def _take(self, said: Iterable[Written | KeyFrameWanted]) -> None:
        for one in said:
            if isinstance(one, Written):
                self.pages.append(one)
            else:
                self.asked.append(self.now)


def shown(outputs: Iterable[Init | Part]) -> list[int]:
    """The numbers in the pictures, in order."""
    return [number for stretch in _playable(outputs) for number in _numbers(stretch)]


def heard(outputs: Iterable[Init | Part]) -> list[bytes]:
    """The packets of sound, in order."""
    parts = [said for said in outputs if isinstance(said, Part) and said.rendition == AUDIO]
    return [sample.data for part in parts for sample in fragment.read(part.data).samples]


def said_packets(pages: Iterable[Written]) -> list[bytes]:
    from media.journal import page  # noqa: PLC0415

    entries = [entry for one in pages for entry in page.decode(one.data).entries]
    return [entry.data for entry in entries if isinstance(entry, page.Sound)]


def continuation(outputs: Iterable[Init | Part]) -> Continuation:
    """Where a log ends that has these, as `media_writer.continuation` reads it."""
    last = {said.rendition: said.headers for said in outputs if isinstance(said, Part)}
    inits = {said.rendition: said.headers.number + 1 for said in outputs if isinstance(said, Init)}
    ends = {name: said.decode_time + said.duration for name, said in last.items()}
    return Continuation(
        {name: said.segment + 1 for name, said in last.items()},
        inits,
        ends,
        max((ends[name] / said.timescale for name, said in last.items()), default=10.0),
        max((said.stretch + 1 for said in last.values()), default=0),
    )


def _playable(outputs: Iterable[Init | Part]) -> list[bytes]:
    """Files that a player can decode from their first byte: init segments, each with its parts."""
    video = [said for said in outputs if said.rendition == VIDEO]
    inits = {said.headers.number: said.data for said in video if isinstance(said, Init)}
    found: list[bytes] = []
    for said in video:
        if isinstance(said, Part):
            if not found or said.headers.part == 0:
                found.append(inits[said.headers.init])
            found[-1] += said.data
    return found


def _numbers(file: bytes) -> list[int]:
    with av.open(BytesIO(file)) as container:
        return [_number(picture.to_ndarray(format="gray")) for picture in container.decode(video=0)]


def _number(grey: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]") -> int:
    block = grey.shape[1] // BITS
    row = grey[grey.shape[0] // 2]
    return sum(int(row[bit * block + block // 2] > 127) << bit for bit in range(BITS))
