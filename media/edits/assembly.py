"""How do pieces become a version? Each is given its number, its place and its path; whole segments keep theirs."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import structs

from media.edits.edit_list import Keep
from media.edits.plan import Moment, Piece
from media.edits.splice import Spliced
from media.edits.version import Version
from media.hls.index import IndexedInit, IndexedPart, IndexedSegment, RecordingIndex, RenditionIndex
from schemas.media import BASE_OFFSET_S

Made = Mapping[tuple[str, int], Spliced]
"""Pieces by rendition and place among the moments."""


class Paths:
    """How objects are called, relative to the recording: its own, and those of this version."""

    def __init__(
        self,
        init: Callable[[str, int], str],
        segment: Callable[[str, int], str],
        new_init: Callable[[str, int], str],
        new_segment: Callable[[str, int], str],
    ) -> None:
        self.init, self.segment, self.new_init, self.new_segment = init, segment, new_init, new_segment


def version(
    number: int, keep: Keep, moments: Sequence[Moment], made: Made, original: RecordingIndex, paths: Paths
) -> Version:
    """The version, its index included."""
    found = Version(number, keep, RecordingIndex(ended=True), {}, {})
    for name in dict.fromkeys(name for moment in moments for name in moment.pieces):
        rendition = _Rendition(original.renditions[name], paths)
        for place, moment in enumerate(moments):
            rendition.add(place, moment, moment.pieces[name], made.get((name, place)))
        found.index.renditions[name] = rendition.index
        found.inits[name], found.segments[name] = rendition.inits, rendition.segments
    return found


class _Rendition:
    def __init__(self, original: RenditionIndex, paths: Paths) -> None:
        self._original = original
        self._paths = paths
        self.index = RenditionIndex(original.name, final=True)
        self.inits: list[str] = []
        self.segments: list[str] = []

    def add(self, place: int, moment: Moment, piece: Piece | None, made: Spliced | None) -> None:
        name, source = self._original.name, self._original.segment(piece.number) if piece else None
        start_s = BASE_OFFSET_S + moment.start_s
        if piece is None or source is None:
            self._append(place, moment, [IndexedPart(moment.duration_s, 0, False, 0)], "", start_s)  # noqa: FBT003  an array on the wire
            self.index.segments[-1].gap = True
            return
        timescale = self._timescale(source.init)
        begin_s, end_s = piece.begin / timescale, piece.end / timescale
        if piece.whole or made is None:
            parts, path = source.parts, self._paths.segment(name, piece.number)
            parts = [IndexedPart(end_s - begin_s, sum(one.size_bytes for one in parts), True, 0)]  # noqa: FBT003
        else:
            parts, path = [IndexedPart(end_s - begin_s, len(made.data), True, 0)], self._paths.new_segment(name, place)  # noqa: FBT003
        self._append(place, moment, parts, path, start_s)
        segment = self.index.segments[-1]
        segment.init = self._init(source.init, made)
        segment.program_time_us = source.program_time_us + round((begin_s - source.start_s) * 1e6)

    def _append(self, place: int, moment: Moment, parts: list[IndexedPart], path: str, start_s: float) -> None:
        before = self.index.segments[-1] if self.index.segments else None
        self.index.segments.append(
            IndexedSegment(
                place,
                before.init if before else 0,
                moment.take,
                before.program_time_us if before else 0,
                moment.discontinuity,
                parts,
                start_s,
            )
        )
        self.segments.append(path)

    def _timescale(self, init: int) -> int:
        found = self._original.init(init)
        return found.headers.timescale if found else 1

    def _init(self, number: int, made: Spliced | None) -> int:
        """The number, in this version, of the init a piece decodes with."""
        original = self._original.init(number)
        assert original is not None
        own = made is not None and bool(made.init)
        path = (
            self._paths.new_init(self._original.name, len(self.inits))
            if own
            else self._paths.init(self._original.name, number)
        )
        if path in self.inits:
            return self.inits.index(path)
        headers = structs.replace(original.headers, number=len(self.inits))
        if own and made is not None:
            headers = structs.replace(headers, codec=made.codec, width=made.width, height=made.height)
        self.inits.append(path)
        self.index.inits.append(IndexedInit(headers, len(made.init) if own and made else original.size_bytes, 0))
        return len(self.inits) - 1


def own_inits(found: Version, made: Made) -> Iterable[tuple[str, bytes]]:
    """Path and bytes of each init that pieces have brought."""
    for (name, place), piece in made.items():
        if piece.init:
            yield found.init_path(name, found.index.renditions[name].segments[place].init), piece.init
