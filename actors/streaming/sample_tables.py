"""What is kept beside a recording's segments so that a download need not look into them: where each sample lies.

Read from each segment while it is in memory anyway, on its way to storage. What this process has not seen, or has
forgotten, is read back when the recording is sealed.
"""

from collections import OrderedDict
from typing import Final

import structlog
from msgspec import structs
from obstore.store import ObjectStore

from actors.outside import storage
from actors.streaming.contents import Contents
from media.mp4 import samples
from media.mp4.samples import SegmentSamples
from subjects import objects

MOST_BYTES: Final = 64 << 20
"""Some fifty hours of recordings."""
_ENTRY_BYTES: Final = 1_000

log = structlog.get_logger(__name__)


class SampleTables:
    """The tables of segments that were lately stored, and how they become objects."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._known: OrderedDict[str, SegmentSamples] = OrderedDict()
        self._bytes = 0

    def note(self, path: str, data: bytes) -> None:
        """Look into a segment that is about to be stored."""
        try:
            self._keep(path, samples.read(data, 0, 0))
        except ValueError as error:
            log.warning("a segment cannot be read; there is no download of it", path=path, why=str(error))

    async def store(self, found: Contents) -> None:
        """Write the table of every rendition. Raises what storage raises while it is away."""
        tables: dict[str, list[SegmentSamples]] = {}
        for (rendition, number), parts in sorted(found.segments().items()):
            table = await self._table(objects.segment(found.recording_id, rendition, number))
            if table is not None:
                numbered = structs.replace(table, number=number, init=parts[0].said.init)
                tables.setdefault(rendition, []).append(numbered)
        for rendition, all_of_it in tables.items():
            path = objects.samples(found.recording_id, rendition)
            await storage.put(self._store, path, samples.encode(all_of_it))

    async def _table(self, path: str) -> SegmentSamples | None:
        if path not in self._known:
            self.note(path, bytes(await (await self._store.get_async(path)).bytes_async()))
        return self._known.get(path)

    def _keep(self, path: str, table: SegmentSamples) -> None:
        if before := self._known.pop(path, None):
            self._bytes -= len(before.sizes) + _ENTRY_BYTES
        self._known[path] = table
        self._bytes += len(table.sizes) + _ENTRY_BYTES
        while self._bytes > MOST_BYTES and len(self._known) > 1:
            _, dropped = self._known.popitem(last=False)
            self._bytes -= len(dropped.sizes) + _ENTRY_BYTES
