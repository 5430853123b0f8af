"""Which part of the AAC rendition does which frame belong to? The same numbers as the Opus part it comes from.

Frames lie on their own grid and the encoder keeps the last 43 to 64 ms to itself, so an AAC part begins that much
earlier than its Opus part. What is left at the end, or before a gap, becomes one more part of the segment it belongs
to. A segment too short for a frame of its own borrows one from the next: no number is missing. Everything follows from
the Opus parts alone, so a worker that takes over goes on with the same numbers and the same times.

No clock, no names, no network: values in, values out. One recording, one instance, one thread at a time.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from msgspec import Struct, structs

from media.audio.aac import FRAME, SAMPLE_RATE, AacFrame, OpusPacket, OpusToAac, resume_from
from schemas.media import PartHeaders

INIT: Final = 0
MAX_GAP: Final = SAMPLE_RATE
"""Longer gaps (ticks) stay gaps; shorter ones, as between two sources, are filled with silence."""
MAX_PART: Final = SAMPLE_RATE // 3 // FRAME
"""Frames of a part that stands for no Opus part: below any part target."""
MAX_REMEMBERED: Final = 32


class AacPart(Struct, frozen=True):
    """A part to be published, and where in the log a worker begins that goes on behind it."""

    said: PartHeaders
    frames: tuple[bytes, ...]
    source: int  # sequence of the last Opus part taken in
    resume: int  # sequence of the Opus part from which a decoder must start again
    final: bool = False


class Position(Struct, frozen=True):
    """How far the rendition was published: what `AacPart` said of its last part."""

    said: PartHeaders
    source: int

    @property
    def next_time(self) -> int:
        """Decode time of the frame that comes next."""
        return self.said.decode_time + self.said.duration


class AacRendition:
    """The AAC rendition of one recording, made from its Opus parts in order."""

    def __init__(self, channels: int, position: Position | None = None) -> None:
        self._channels = channels
        self._encoder: OpusToAac | None = None
        self._published_to = position.source if position else 0
        self._next_time = position.next_time if position else None
        self._last = position.said if position else None  # of the Opus part taken in last, or of the last AAC part
        self._segment = position.said.segment if position else -1
        self._part = position.said.part + 1 if position else 0
        self._starving: deque[PartHeaders] = deque(maxlen=MAX_REMEMBERED)
        self._sources: deque[tuple[int, int]] = deque(maxlen=MAX_REMEMBERED)  # decode time and sequence of Opus parts
        self._source = self._published_to

    def add(self, sequence: int, said: PartHeaders, packets: Sequence[OpusPacket]) -> list[AacPart]:
        """Take in the Opus part at `sequence`; the parts that are ready."""
        before = self._catch_up(said)
        encoder = self._begin(said)
        self._sources.append((said.decode_time, sequence))
        frames = encoder.feed(packets)
        missing = said.decode_time + said.duration - encoder.position
        if missing > 0:
            frames += encoder.silence(missing)
        self._source, self._last = sequence, said
        if sequence <= self._published_to:  # it only brought decoder and encoder up to date
            self._starve(said)
            return []
        return before + self._number(said, frames)

    def end(self) -> list[AacPart]:
        """All that is left, as parts of the last segment."""
        parts = self._tail(self._encoder.flush()) if self._encoder and self._last else []
        return [*parts[:-1], structs.replace(parts[-1], final=True)] if parts else []

    def _catch_up(self, said: PartHeaders) -> list[AacPart]:
        """What belongs before `said`: silence for a short gap; the end of the encoder at a long one."""
        if self._encoder is None:
            return []
        gap = said.decode_time - self._encoder.position
        if gap == 0:
            return []
        if 0 < gap <= MAX_GAP:
            return self._tail(self._encoder.silence(gap))
        parts = self._tail(self._encoder.flush())
        self._encoder = None
        self._next_time = None if gap > 0 else self._next_time
        return parts

    def _begin(self, said: PartHeaders) -> OpusToAac:
        """The encoder at work, or one that begins here, behind the frames that were made before."""
        if self._encoder is None:
            far = self._next_time is not None and said.decode_time - self._next_time > MAX_GAP
            self._encoder = OpusToAac(self._channels, said.decode_time, None if far else self._next_time)
            self._sources.clear()
        return self._encoder

    def _tail(self, frames: list[AacFrame]) -> list[AacPart]:
        """Frames that stand for no Opus part, behind the last one."""
        if self._last is None or self._source < self._published_to:
            return []
        pieces = [frames[at : at + MAX_PART] for at in range(0, len(frames), MAX_PART)]
        return [part for piece in pieces for part in self._number(self._last, piece)]

    def _number(self, said: PartHeaders, frames: list[AacFrame]) -> list[AacPart]:
        """Give `frames` to `said`'s segment, one each to segments before it that had none."""
        parts = []
        while self._starving and frames:
            starving = self._starving.popleft()
            if starving.segment < said.segment:
                parts.append(self._made(starving, frames[:1]))
                frames = frames[1:]
            else:
                said = structs.replace(said, discontinuity=starving.discontinuity)
        if not frames:
            self._starve(said)
            return parts
        return [*parts, self._made(said, frames)]

    def _starve(self, said: PartHeaders) -> None:
        """Remember a segment that has no frame yet."""
        if said.segment > self._segment and all(starving.segment != said.segment for starving in self._starving):
            self._starving.append(said)

    def _made(self, said: PartHeaders, frames: list[AacFrame]) -> AacPart:
        first = frames[0].decode_time
        fresh = said.segment != self._segment
        self._segment, self._part = said.segment, 0 if fresh else self._part
        made = structs.replace(
            said,
            part=self._part,
            init=INIT,
            timescale=SAMPLE_RATE,
            decode_time=first,
            duration=len(frames) * FRAME,
            program_time_us=said.program_time_us + (first - said.decode_time) * 1_000_000 // SAMPLE_RATE,
            discontinuity=said.discontinuity and fresh,
        )
        self._part += 1
        self._next_time = first + made.duration
        return AacPart(made, tuple(frame.data for frame in frames), self._source, self._resume(self._next_time))

    def _resume(self, next_time: int) -> int:
        """The newest Opus part from which everything after `next_time` can be made, or the oldest known."""
        needed = resume_from(next_time)
        reached = [sequence for decode_time, sequence in self._sources if decode_time <= needed]
        return reached[-1] if reached else self._sources[0][1]
