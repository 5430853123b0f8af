"""Who waits for what? Everybody who waits for the same thing shares one future."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from msgspec import Struct

Made = TypeVar("Made")


class _Wish(Struct, Generic[Made]):
    ready: Callable[[], bool]
    make: Callable[[], Made]
    future: asyncio.Future[Made]
    timer: asyncio.TimerHandle


class Waiting:
    """The wishes of all clients of one recording. Owned by the event loop; nothing here waits."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._wishes: dict[Hashable, _Wish[Any]] = {}
        self._is_told = False

    def __len__(self) -> int:
        return len(self._wishes)

    def until(
        self, key: Hashable, ready: Callable[[], bool], make: Callable[[], Made], deadline_s: float
    ) -> asyncio.Future[Made]:
        """Resolves to what `make` says once `ready` holds, or after the first asker's deadline.

        Shared: shield it before awaiting, or a client that leaves takes the answer from the others.
        """
        wish = self._wishes.get(key)
        if wish is None:
            timer = self._loop.call_later(deadline_s, self._grant, key)
            wish = self._wishes[key] = _Wish(ready, make, self._loop.create_future(), timer)
        found: asyncio.Future[Made] = wish.future
        return found

    def changed(self) -> None:
        """Look at every wish soon; several changes of one moment are one."""
        if not self._is_told:
            self._is_told = True
            self._loop.call_soon(self._look)

    def grant_all(self) -> None:
        """Nobody need wait any longer."""
        for key in list(self._wishes):
            self._grant(key)

    def _look(self) -> None:
        self._is_told = False
        for key, wish in list(self._wishes.items()):
            if wish.ready():
                self._grant(key)

    def _grant(self, key: Hashable) -> None:
        wish = self._wishes.pop(key, None)
        if wish:
            wish.timer.cancel()
            if not wish.future.done():
                wish.future.set_result(wish.make())
