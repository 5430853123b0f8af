"""What of a recording that was never in the log: put together of others, it lies in storage with its index already."""

from datetime import UTC, datetime

from msgspec import Struct

from media.hls.index import IndexedSegment, RecordingIndex
from schemas.media import AUDIO, VIDEO
from schemas.recording import Stretch
from subjects import objects


class Composed(Struct, frozen=True):
    """What there is to be said of it."""

    duration_s: float
    stretches: list[Stretch]


def composed(recording_id: str, index: RecordingIndex) -> Composed:
    """Read from its index, as `contents` reads a recording's log."""
    name = VIDEO if VIDEO in index.renditions else AUDIO
    rendition = index.renditions.get(name)
    segments = rendition.segments if rendition else []
    by_number: dict[int, list[IndexedSegment]] = {}
    for segment in segments:
        by_number.setdefault(segment.stretch, []).append(segment)
    stretches = [_stretch(recording_id, name, number, by_number[number]) for number in sorted(by_number)]
    return Composed(sum(segment.duration_s for segment in segments), stretches)


def _stretch(recording_id: str, rendition: str, number: int, segments: list[IndexedSegment]) -> Stretch:
    first, last = segments[0], segments[-1]
    return Stretch(
        number=number,
        started_at=_time(first.program_time_us),
        ended_at=_time(last.program_time_us + round(last.duration_s * 1e6)),
        duration_seconds=sum(segment.duration_s for segment in segments),
        file_path=objects.segment(recording_id, rendition, first.number),
    )


def _time(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC)
