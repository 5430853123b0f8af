"""How do thumbnails lie in storage? In sheets, and a WebVTT file behind them that says which moment is where.

A sheet is named with its contents' checksum (`sprite-0.jpg?v=…`): it may be replaced, and is still kept for ever by who
has it under that name.
"""

from collections.abc import Sequence
from typing import Final
from zlib import crc32

from msgspec import Struct
from obstore.store import ObjectStore

from actors.outside import storage
from media.pictures import thumbnails
from media.pictures.sprite import Thumbnail, sheet
from media.pictures.thumbnails import Cue, Place
from subjects import objects

LIVE: Final = 10_000
"""The number of the first sheet of the live series: who still has its list never gets a picture of the other one."""


class Filed(Struct, frozen=True, array_like=True):
    """A sheet in storage: what it is called relative to the WebVTT file, and what it shows."""

    uri: str
    starts_s: tuple[float, ...]
    places: tuple[Place, ...]


async def file_sheet(
    store: ObjectStore, recording_id: str, number: int, shots: Sequence[tuple[float, Thumbnail]]
) -> Filed:
    """Store thumbnails, given with their moments, as sheet `number`."""
    made = sheet([small for _, small in shots])
    await storage.put(store, objects.sprite(recording_id, number), made.jpeg)
    uri = f"{objects.sprite_path(number)}?v={crc32(made.jpeg):08x}"
    return Filed(uri, tuple(at_s for at_s, _ in shots), made.places)


async def file_cues(store: ObjectStore, recording_id: str, sheets: Sequence[Filed], end_s: float) -> None:
    """Store which moment is where; the last one lasts until `end_s`. The first one stands from the beginning."""
    shown = [(at_s, one.uri, place) for one in sheets for at_s, place in zip(one.starts_s, one.places, strict=True)]
    starts = [0.0, *(at_s for at_s, *_ in shown[1:]), end_s]
    cues = [Cue(starts[number], starts[number + 1], uri, place) for number, (_, uri, place) in enumerate(shown)]
    await storage.put(store, objects.thumbnails(recording_id), thumbnails.render(cues).encode())


async def drop_sheets(store: ObjectStore, recording_id: str, kept: Sequence[Filed]) -> None:
    """Remove the sheets that are not among these: those of the live series."""
    names = {objects.prefix(recording_id) + one.uri.partition("?")[0] for one in kept}
    there = await storage.sizes(store, objects.prefix(recording_id))
    await storage.delete(store, [path for path in there if objects.is_sprite(path) and path not in names])
