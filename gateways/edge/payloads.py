"""Where do the bytes of a part come from? A bounded memory of what was just seen or asked for, then the log.

Somebody who asks for what is being fetched waits for the same fetch.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Final

STATISTICS: Final = ("hits", "misses")
ENTRY_BYTES: Final = 200  # what the memory of an entry costs beside its bytes


class Payloads:
    """A byte cache, least recently used out first."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._held = 0
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._fetching: dict[Hashable, asyncio.Task[bytes | None]] = {}
        self._counts = dict.fromkeys(STATISTICS, 0)

    def keep(self, key: Hashable, data: bytes) -> None:
        """Remember."""
        if len(data) > self._most // 4:
            return
        if (before := self._kept.pop(key, None)) is not None:
            self._held -= len(before) + ENTRY_BYTES
        self._kept[key] = data
        self._held += len(data) + ENTRY_BYTES
        while self._held > self._most:
            _, dropped = self._kept.popitem(last=False)
            self._held -= len(dropped) + ENTRY_BYTES

    def get(self, key: Hashable) -> bytes | None:
        """What is remembered."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            self._counts["hits"] += 1
        return found

    async def fetch(self, key: Hashable, read: Callable[[], Awaitable[bytes | None]]) -> bytes | None:
        """Remembered, or read once for all who ask. Raises what `read` raises."""
        if (found := self.get(key)) is not None:
            return found
        task = self._fetching.get(key)
        if task is None:
            self._counts["misses"] += 1
            task = self._fetching[key] = asyncio.ensure_future(self._read(key, read))
            task.add_done_callback(lambda done: self._fetched(key, done))
        return await asyncio.shield(task)

    def close(self) -> None:
        """Whoever still waits for a fetch is told that there is none."""
        for task in list(self._fetching.values()):
            task.cancel()

    def statistics(self) -> dict[str, int]:
        """Bytes and entries held, hits and misses."""
        return {"bytes": self._held, "entries": len(self._kept), **self._counts}

    def _fetched(self, key: Hashable, done: asyncio.Task[bytes | None]) -> None:
        self._fetching.pop(key, None)
        if not done.cancelled():
            done.exception()  # those who waited have seen it; when all have left nobody need

    async def _read(self, key: Hashable, read: Callable[[], Awaitable[bytes | None]]) -> bytes | None:
        data = await read()
        if data is not None:
            self.keep(key, data)
        return data
