"""In which order are messages handled? One entity's one at a time, as they came; different entities' side by side."""

import asyncio
from collections import deque


class Inbox:
    """One queue per entity; an entity without messages takes no memory."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    async def enter(self, entity: str) -> None:
        """Wait for one's turn; what has entered has to `leave`."""
        queue = self._waiting.get(entity)
        if queue is None:
            self._waiting[entity] = deque()
            return
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was our turn in the same moment
                self.leave(entity)
            raise

    def leave(self, entity: str) -> None:
        """The next one's turn, if there is one."""
        queue = self._waiting[entity]
        while queue:
            turn = queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        del self._waiting[entity]

    def entities(self) -> set[str]:
        """Those that have messages."""
        return set(self._waiting)

    def statistics(self) -> dict[str, int]:
        """How many entities have messages, and how many messages wait behind the first."""
        return {"entities": len(self._waiting), "waiting": sum(map(len, self._waiting.values()))}
