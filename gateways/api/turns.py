"""Whose turn is it? One request at a time for one thing; a newer one ends the one before it, and waits for its end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakValueDictionary


class Turns:
    """Owned by one event loop."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._latest: dict[str, asyncio.Task[Any]] = {}

    @asynccontextmanager
    async def mine(self, name: str) -> AsyncIterator[None]:
        """The turn of this task. It is cancelled when somebody else wants it, and may finish what it has begun."""
        task = asyncio.current_task()
        assert task
        before, self._latest[name] = self._latest.get(name), task
        if before:
            before.cancel()
        lock = self._locks.setdefault(name, asyncio.Lock())
        try:
            async with lock:
                yield
        finally:
            if self._latest.get(name) is task:
                del self._latest[name]
