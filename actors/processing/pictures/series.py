"""Which key frames of a live recording become thumbnails, and when is it worth storing them? No clock, no network."""

from typing import NamedTuple

from media.pictures.sprite import PER_SHEET, SLACK_S, Thumbnail, live_spacing_s
from schemas.media import PartHeaders


class Sheetful(NamedTuple):
    """The thumbnails of one sheet, with the moments they show."""

    number: int
    shots: list[tuple[float, Thumbnail]]


class Series:
    """The thumbnails of one recording, in the order of its log; sheets are counted from `first` on."""

    def __init__(self, first: int = 0) -> None:
        self._begins_s: float | None = None
        self._due_s = 0.0
        self._sheet = Sheetful(first, [])
        self._unstored = 0
        self.end_s = 0.0
        """How long it lasts by now, seconds."""

    def see(self, said: PartHeaders) -> float | None:
        """A part of the picture: the moment it shows, if that is to have a thumbnail."""
        start_s = said.decode_time / said.timescale
        if self._begins_s is None:
            self._begins_s = start_s
        at_s = start_s - self._begins_s
        self.end_s = at_s + said.duration / said.timescale
        if not said.independent or at_s < self._due_s:
            return None
        self._due_s = at_s + live_spacing_s(at_s) - SLACK_S
        return at_s

    def add(self, at_s: float, small: Thumbnail) -> None:
        """The thumbnail of a moment; behind a full sheet begins the next one."""
        if len(self._sheet.shots) == PER_SHEET:
            self._sheet = Sheetful(self._sheet.number + 1, [])
        self._sheet.shots.append((at_s, small))
        self._unstored += 1

    def is_ripe(self) -> bool:
        """Whether to store the sheet now: with each of its first ten thumbnails, then every second, every third."""
        there = len(self._sheet.shots)
        return there == PER_SHEET or self._unstored > there // 10

    def take(self) -> Sheetful | None:
        """The sheet, when there is something in it that was not taken before."""
        if not self._unstored:
            return None
        self._unstored = 0
        return self._sheet
