"""Which key frames of a live recording become thumbnails, and when is it worth making them? No clock, no network."""

from typing import NamedTuple

from actors.jetstream.direct_get import Entry
from media.pictures.sprite import PER_SHEET, SLACK_S, Thumbnail, live_spacing_s
from schemas.media import PartHeaders


class Shot(NamedTuple):
    """A moment, in seconds, and the part of the picture that shows it."""

    at_s: float
    entry: Entry


class Sheetful(NamedTuple):
    """The thumbnails of one sheet, with the moments they show."""

    number: int
    shots: list[tuple[float, Thumbnail]]


class Series:
    """The thumbnails of one recording, in the order of its log; sheets are counted from `first` on.

    Key frames wait until it is worth starting a decoder for them: longer, the fuller the sheet they belong to.
    """

    def __init__(self, first: int = 0) -> None:
        self._begins_s: float | None = None
        self._due_s = 0.0
        self._waiting: list[Shot] = []
        self.sheet = Sheetful(first, [])
        self.end_s = 0.0
        """How long it lasts by now, seconds."""

    def see(self, said: PartHeaders, entry: Entry) -> None:
        """A part of the picture; it waits to become a thumbnail when one is due."""
        start_s = said.decode_time / said.timescale
        if self._begins_s is None:
            self._begins_s = start_s
        at_s = start_s - self._begins_s
        self.end_s = at_s + said.duration / said.timescale
        if said.independent and at_s >= self._due_s:
            self._due_s = at_s + live_spacing_s(at_s) - SLACK_S
            self._waiting.append(Shot(at_s, entry))

    def is_ripe(self) -> bool:
        """Whether to make them now: the first ten of a sheet one by one, then two at a time, three at a time."""
        there = len(self.sheet.shots) % PER_SHEET + len(self._waiting)
        return there == PER_SHEET or len(self._waiting) > there // 10

    def take(self) -> list[Shot]:
        """Those that waited."""
        taken, self._waiting = self._waiting, []
        return taken

    def add(self, at_s: float, small: Thumbnail) -> None:
        """The thumbnail of a moment; behind a full sheet begins the next one."""
        if len(self.sheet.shots) == PER_SHEET:
            self.sheet = Sheetful(self.sheet.number + 1, [])
        self.sheet.shots.append((at_s, small))
