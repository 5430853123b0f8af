"""In which order are messages handled? One entity's one at a time, as they came; different entities' side by side."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Inbox:
    """One queue per entity; an entity without messages takes no memory."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._waiting: dict[str, int] = {}

    @asynccontextmanager
    async def turn(self, entity: str) -> AsyncIterator[None]:
        """Wait for one's turn at an entity; `asyncio.Lock` is first in, first out."""
        lock = self._locks.setdefault(entity, asyncio.Lock())
        self._waiting[entity] = self._waiting.get(entity, 0) + 1
        try:
            async with lock:
                yield
        finally:
            self._waiting[entity] -= 1
            if not self._waiting[entity]:
                del self._waiting[entity], self._locks[entity]

    def statistics(self) -> dict[str, int]:
        """How many entities have messages, and how many messages they have."""
        return {"entities": len(self._waiting), "messages": sum(self._waiting.values())}
