"""What if an actor crashes? It is started again, it alone; too often in a short time, and its process ends.

One for one, as in Erlang: those beside it do not notice. What supervises the process (`ops/supervisor.py`,
systemd, Kubernetes) then has the next word.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import structlog

from actors.runtime.outcome import pause_s

RESTARTS: Final = 5
WITHIN_S: Final = 60.0
Start = Callable[[], AbstractAsyncContextManager[Any]]
log = structlog.get_logger(__name__)


async def supervise(name: str, start: Start, ready: asyncio.Event, stop: asyncio.Event) -> None:
    """Keep it running until `stop`; `ready` is set whenever it runs.

    Raises: what it raised, when it never came up, or crashed more than `RESTARTS` times within `WITHIN_S`.
    """
    crashes: deque[float] = deque(maxlen=RESTARTS)
    while not stop.is_set():
        try:
            async with start():
                ready.set()
                await stop.wait()
        except Exception:
            now = asyncio.get_running_loop().time()
            if not ready.is_set() or (len(crashes) == RESTARTS and now - crashes[0] < WITHIN_S):
                raise
            crashes.append(now)
            log.exception("crashed; it is started again", actor=name, times=len(crashes))
            await asyncio.sleep(pause_s(len(crashes)))
