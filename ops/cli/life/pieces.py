"""Of which pieces is a recording made? Parts as the log has them; whole segments where only storage is left. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from msgspec import Struct

from actors.jetstream.direct_get import Entry
from media.hls.index import IndexedSegment, RecordingIndex
from schemas.media import FINAL, init_from_headers, part_from_headers
from subjects import media


class Piece(Struct, frozen=True):
    """Media of `duration_s`; `delay_s` is how long after its last sample it was stored, where that is known."""

    segment: int
    part: int
    parts: int
    stretch: int
    begin_s: float  # on the wall clock, seconds since 1970
    decode_s: float
    duration_s: float
    size_bytes: int
    delay_s: float | None = None


class Track(Struct):
    """All pieces of one rendition, in the order of the log."""

    name: str
    codec: str = ""
    width: int = 0
    height: int = 0
    final: bool = False
    pieces: list[Piece] = []


class End(Struct, frozen=True):
    """Nothing follows."""

    at: datetime | None
    reason: str


def of_log(entries: Iterable[Entry]) -> tuple[dict[str, Track], End | None]:
    """By rendition; and the end, once the log has one."""
    tracks: dict[str, Track] = {}
    end: End | None = None
    for entry in entries:
        address = media.address(entry.subject)
        if address.kind == "end":
            end = end or End(entry.stored_at, entry.headers.get("Loom-Reason", ""))
            continue
        track = tracks.setdefault(address.rendition, Track(address.rendition))
        if address.kind == "init":
            init = init_from_headers(entry.headers)
            track.codec, track.width, track.height = init.codec, init.width, init.height
        else:
            track.pieces.append(_part(entry))
            track.final = track.final or FINAL in entry.headers
    return tracks, end


def of_index(index: RecordingIndex) -> dict[str, Track]:
    """The same of an archive's `index.json`."""
    found = {}
    for name, rendition in index.renditions.items():
        newest = rendition.inits[-1].headers if rendition.inits else None
        words = (newest.codec, newest.width, newest.height) if newest else ("", 0, 0)
        found[name] = Track(name, *words, rendition.final, list(_segments(rendition.segments)))
    return found


def _part(entry: Entry) -> Piece:
    said = part_from_headers(entry.headers)
    duration_s, begin_s = said.duration / said.timescale, said.program_time_us / 1e6
    delay_s = entry.stored_at.timestamp() - begin_s - duration_s if entry.stored_at else None
    decode_s = said.decode_time / said.timescale
    where = (said.segment, said.part, 1, said.stretch)
    return Piece(*where, begin_s, decode_s, duration_s, entry.size_bytes, delay_s)


def _segments(segments: Iterable[IndexedSegment]) -> Iterator[Piece]:
    """Gaps are no pieces: they are what is missing between two."""
    for one in segments:
        if not one.gap:
            where = (one.number, 0, len(one.parts), one.stretch)
            yield Piece(*where, one.program_time_us / 1e6, one.start_s, one.duration_s, one.size_bytes)
