"""What is a recording made of? Read from the headers of its messages: inits, segments, stretches; pure.

The `end` message is the border: what follows counts only when it belongs to a derived rendition.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec import Struct

from actors.jetstream.direct_get import Entry
from schemas.media import (
    AAC,
    AUDIO,
    DERIVED,
    FINAL,
    LIVE_RUNG,
    VIDEO,
    PartHeaders,
    init_from_headers,
    part_from_headers,
)
from schemas.recording import Stretch
from subjects import media, objects


class Part(NamedTuple):
    """A part and where it stands in the log."""

    entry: Entry
    said: PartHeaders


class Contents(Struct, frozen=True):
    """Everything that has to be in storage of one recording."""

    recording_id: str
    entries: tuple[Entry, ...]  # in the order of the log, without what does not count
    inits: dict[tuple[str, int], Entry]
    parts: dict[str, list[Part]]  # by rendition
    last: int  # the sequence of the newest message that was looked at
    ended: bool

    def segments(self) -> dict[tuple[str, int], list[Part]]:
        """The parts of each segment."""
        found: dict[tuple[str, int], list[Part]] = {}
        for rendition, parts in self.parts.items():
            for part in parts:
                found.setdefault((rendition, part.said.segment), []).append(part)
        return found

    def objects(self) -> dict[str, int]:
        """Path and size of each init and segment."""
        inits = {objects.init(self.recording_id, *key): entry.size_bytes for key, entry in self.inits.items()}
        segments = {
            objects.segment(self.recording_id, *key): sum(part.entry.size_bytes for part in parts)
            for key, parts in self.segments().items()
        }
        return inits | segments

    def main(self) -> list[Part]:
        """The parts that say how long it is: picture, or sound where there is none."""
        return self.parts.get(VIDEO) or self.parts.get(AUDIO) or []

    def duration_s(self) -> float:
        """Of what plays, without pauses."""
        return sum(part.said.duration / part.said.timescale for part in self.main())

    def stretches(self) -> list[Stretch]:
        """What was recorded between two pauses, numbered from 0."""
        by_number: dict[int, list[PartHeaders]] = {}
        for part in self.main():
            by_number.setdefault(part.said.stretch, []).append(part.said)
        rendition = VIDEO if self.parts.get(VIDEO) else AUDIO
        return [self._stretch(number, rendition, by_number[number]) for number in sorted(by_number)]

    def lacks_aac(self) -> bool:
        """Whether the AAC rendition is still being made."""
        aac = self.parts.get(AAC)
        return bool(self.parts.get(AUDIO)) and not (aac and FINAL in aac[-1].entry.headers)

    def _stretch(self, number: int, rendition: str, said: Sequence[PartHeaders]) -> Stretch:
        first, last = said[0], said[-1]
        return Stretch(
            number=number,
            started_at=_time(first.program_time_us),
            ended_at=_time(last.program_time_us + last.duration * 1_000_000 // last.timescale),
            duration_seconds=sum(part.duration / part.timescale for part in said),
            file_path=objects.segment(self.recording_id, rendition, first.segment),
        )


def contents(recording_id: str, entries: Sequence[Entry]) -> Contents:
    """Sort the messages of a recording, given in the order of the log."""
    counting, ended = _until_end(entries)
    inits: dict[tuple[str, int], Entry] = {}
    parts: dict[str, list[Part]] = {}
    for entry in counting:
        address = media.address(entry.subject)
        if address.kind == "init":
            inits[address.rendition, init_from_headers(entry.headers).number] = entry
        elif address.kind == "part":
            parts.setdefault(address.rendition, []).append(Part(entry, part_from_headers(entry.headers)))
    last = entries[-1].sequence if entries else 0
    return Contents(recording_id, tuple(counting), inits, parts, last, ended)


def without(found: Contents, rendition: str) -> Contents:
    """As if that rendition had never been begun."""
    kept = [entry for entry in found.entries if media.address(entry.subject).rendition != rendition]
    return Contents(
        found.recording_id,
        tuple(kept),
        {key: entry for key, entry in found.inits.items() if key[0] != rendition},
        {key: parts for key, parts in found.parts.items() if key != rendition},
        found.last,
        found.ended,
    )


def _until_end(entries: Sequence[Entry]) -> tuple[list[Entry], bool]:
    counting: list[Entry] = []
    ended = False
    for entry in entries:
        address = media.address(entry.subject)
        if address.rendition == LIVE_RUNG:  # only while it is live: a better one is made from the whole
            continue
        if not ended or address.rendition in DERIVED:
            counting.append(entry)
        ended = ended or address.kind == "end"
    return counting, ended


def _time(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC)
