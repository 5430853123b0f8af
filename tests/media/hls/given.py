"""A recording's log as headers, and the index folded from it message by message."""

from collections.abc import Iterator

from media.hls.index import RecordingIndex
from media.hls.media_playlist import Paths, Timing
from schemas.media import AAC, FINAL, VIDEO, VIDEO_TIMESCALE, End, InitHeaders, PartHeaders, to_headers

TIMESCALES = {VIDEO: VIDEO_TIMESCALE}
BEGAN_US = 1_700_000_000_123_000
PART_S = 1 / 3
PATHS = Paths(
    lambda rendition, number: f"{rendition}/init-{number}.mp4",
    lambda rendition, segment: f"{rendition}/{segment}.m4s",
    lambda rendition, segment, part: f"{rendition}/{segment}.{part}.m4s",
    lambda rendition: f"{rendition}.m3u8",
)
TIMING = Timing(1 / 3, 2.0)


class Log:
    """Says what a gateway would, straight into an index."""

    def __init__(self) -> None:
        self.index = RecordingIndex()
        self._sequence = 0
        self._at: dict[str, int] = {}
        self._inits: dict[str, int] = {}

    def init(self, rendition: str = VIDEO, number: int = 0, codec: str = "avc1.42e01f") -> "Log":
        is_video = rendition == VIDEO
        size = (1280, 720) if is_video else (0, 0)
        said = InitHeaders(number, codec, TIMESCALES.get(rendition, 48_000), *size, 0 if is_video else 2)
        self._inits[rendition] = number
        return self._add(rendition, "init", to_headers(said), 700)

    def part(
        self,
        segment: int,
        number: int,
        rendition: str = VIDEO,
        *,
        seconds: float = PART_S,
        stretch: int = 0,
        paused_s: float = 0.0,
        discontinuity: bool = False,
        hole_s: float = 0.0,
        final: bool = False,
        size: int = 100_000,
    ) -> "Log":
        scale = TIMESCALES.get(rendition, 48_000)
        at = self._at.get(rendition, 10 * scale) + round(hole_s * scale)
        duration = round(seconds * scale)
        self._at[rendition] = at + duration
        said = PartHeaders(
            *(segment, number, self._inits.get(rendition, 0), scale, at, duration),
            BEGAN_US + round((at / scale - 10 + paused_s) * 1e6),
            stretch,
            independent=number == 0 or rendition != VIDEO,
            discontinuity=discontinuity,
        )
        return self._add(rendition, "part", to_headers(said) | ({FINAL: "1"} if final else {}), size)

    def segment(self, number: int, rendition: str = VIDEO, parts: int = 6, **said: float) -> "Log":
        for part in range(parts):
            self.part(number, part, rendition, **said)  # type: ignore[arg-type]
        return self

    def segments(self, first: int, last: int, *renditions: str) -> "Log":
        for number in range(first, last + 1):
            for rendition in renditions or (VIDEO,):
                self.segment(number, rendition)
        return self

    def end(self) -> "Log":
        return self._add("all", "end", to_headers(End("stopped")), 0)

    def _add(self, rendition: str, kind: str, headers: dict[str, str], size: int) -> "Log":
        self._sequence += 1
        self.index.add(rendition, kind, headers, size, self._sequence)
        return self


def growing(log: Log, seconds: int, *renditions: str, first: int = 0) -> Iterator[None]:
    """Part after part for so long; the index has changed at every step."""
    for number in range(first, first + seconds // 2):
        for part in range(6):
            for rendition in renditions or (VIDEO,):
                log.part(number, part, rendition)
            yield


__all__ = ["AAC", "BEGAN_US", "PART_S", "PATHS", "TIMING", "Log", "growing"]
