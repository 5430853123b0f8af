"""How are many objects, one behind the other, read as one body? In batches of a megabyte, one of them ahead.

So memory holds two batches for each client, however long the body; files of a local store are read in a thread, which
costs a tenth of asking for each of them as an object.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import obstore
import obstore.exceptions
from obstore.store import LocalStore, ObjectStore

from media.mp4.layout import Span
from schemas.errors import Unavailable

BATCH_BYTES: Final = 1 << 20


class Slice(NamedTuple):
    """Some bytes of an object, `end` exclusive."""

    path: str
    start: int
    end: int


Batch = list[Slice]


def batches(spans: Sequence[Span], start: int, end: int) -> list[Batch]:
    """Bytes `start` to `end` (exclusive) of all spans together, as slices of at most `BATCH_BYTES`, some at a time."""
    found: list[Batch] = []
    room, at = 0, 0
    for span in spans:
        first, last = max(start - at, 0), min(end - at, span.size_bytes)
        while first < last:
            if room <= 0:
                found.append([])
                room = BATCH_BYTES
            upto = min(last, first + room)
            found[-1].append(Slice(span.path, first, upto))
            room -= upto - first
            first = upto
        at += span.size_bytes
    return found


async def read_ahead(store: ObjectStore, wanted: Sequence[Batch]) -> AsyncIterator[memoryview]:
    """The bytes of each batch. Raises Unavailable when storage is away, or has not what it should have."""
    if not wanted:
        return
    coming = asyncio.ensure_future(_read(store, wanted[0]))
    try:
        for following in wanted[1:]:
            data = await coming
            coming = asyncio.ensure_future(_read(store, following))
            yield data
        yield await coming
    finally:
        coming.cancel()


async def _read(store: ObjectStore, batch: Batch) -> memoryview:
    try:
        if isinstance(store, LocalStore) and store.prefix is not None:
            return await asyncio.to_thread(_from_files, Path(store.prefix), batch)
        parts = await asyncio.gather(
            *(obstore.get_range_async(store, path, start=start, end=end) for path, start, end in batch)
        )
        return memoryview(b"".join(parts))
    except (OSError, obstore.exceptions.BaseError) as error:
        raise Unavailable("Storage does not answer; try again in a moment.") from error


def _from_files(folder: Path, batch: Batch) -> memoryview:
    """Raises OSError for a file that is not there, or shorter than it should be."""
    data = memoryview(bytearray(sum(one.end - one.start for one in batch)))
    at = 0
    for path, start, end in batch:
        with (folder / path).open("rb", buffering=0) as file:
            if start:
                file.seek(start)
            upto = at + end - start
            while at < upto:
                count = file.readinto(data[at:upto])
                if not count:
                    raise OSError(f"{path} is shorter than it should be")
                at += count
    return data
