"""What are the bytes of one segment? Its parts in order, read from the log wherever they were delivered."""

from msgspec import Struct

from actors.jetstream.direct_get import Entry
from actors.jetstream.media_log import MediaLog
from schemas.media import PartHeaders, part_from_headers
from subjects import media


class Assembled(Struct, frozen=True):
    """A segment as it is stored; `last` is the sequence of its last part."""

    data: bytes
    last: int


async def assemble(
    log: MediaLog, recording_id: str, rendition: str, number: int, *, first: int, border: int | None = None
) -> Assembled | None:
    """Segment `number`, of which some part has sequence `first`, without what stands behind sequence `border`.

    None when the log does not hold all of it.
    """
    subject = media.part(recording_id, rendition)
    parts = await _parts(log, subject, number, first, border)
    if parts and said(parts[0]).part != 0:
        start = await _start(log, recording_id, subject, number)
        parts = await _parts(log, subject, number, start, border) if start else []
    if [said(part).part for part in parts] != list(range(len(parts))) or not parts:
        return None
    return Assembled(b"".join(part.data for part in parts), parts[-1].sequence)


def said(entry: Entry) -> PartHeaders:
    """What a part's message says of it."""
    return part_from_headers(entry.headers)


async def _parts(log: MediaLog, subject: str, number: int, first: int, border: int | None) -> list[Entry]:
    """Parts of the segment from sequence `first` on."""
    found = []
    async for entry in log.read(subject, first, border):
        if said(entry).segment != number:
            break
        found.append(entry)
    return found


async def _start(log: MediaLog, recording_id: str, subject: str, number: int) -> int | None:
    """The sequence of the segment's first part, by a walk over the recording's headers."""
    entries = (entry for entry in await log.entries(recording_id) if entry.subject == subject)
    return next((entry.sequence for entry in entries if said(entry).segment == number), None)
