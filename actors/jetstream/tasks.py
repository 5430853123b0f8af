"""How does a task that runs until it is told to end, end? It is told again when it did not hear.

Up to Python 3.11 `asyncio.wait_for`, and so nats-py and asyncpg, loses a cancellation that arrives in the very moment
in which what it waits for is there (python/cpython#86296).
"""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

AGAIN_S: Final = 1.0


async def ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel them, and wait until they have ended. What they raised is for their owner."""
    waiting = {task for task in tasks if not task.done()}
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=AGAIN_S)
