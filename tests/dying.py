"""The recording service in a process that is killed at one point of its input and output, and started again at once.

`DyingService` is used by a test; the other half runs in a helper process that has everything loaded and forks for each
life, so that a life takes a fraction of a second to begin. A point lies before and behind every event that is published,
every statement and every commit, and every word about who has which entities.
"""

import asyncio
import os
import signal
import subprocess
import sys
from types import TracebackType
from typing import Any, Final, Self

import asyncpg
import nats
import psutil
import structlog
from asyncpg.transaction import Transaction
from nats.aio.client import Client as Nats

from actors.recording.actor import running
from tests.servers import ROOT

NEVER: Final = 1 << 30
SEEN: Final = ("loom.evt.", "$KV.SHARES")


class DyingService:
    """`live(point)` begins a life that ends by SIGKILL at that point, or when it is told to."""

    def __init__(self, nats_url: str, database_url: str) -> None:
        code = f"from tests import dying; dying.main({nats_url!r}, {database_url!r})"
        pipe = subprocess.PIPE
        self._process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        self._child = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        await asyncio.to_thread(self._process.wait)

    async def live(self, point: int) -> None:
        self._tell(str(point))
        self._child = int(await self._heard())

    async def end(self) -> bool:
        """Whether it was still alive."""
        os.kill(self._child, signal.SIGTERM)
        self._tell("wait")
        return await self._heard() == "0"

    def is_dead(self) -> bool:
        """Whether the life is over; `end` says how."""
        return bool(psutil.Process(self._child).status() == psutil.STATUS_ZOMBIE)

    def _tell(self, word: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    async def _heard(self) -> str:
        assert self._process.stdout
        return (await asyncio.to_thread(self._process.stdout.readline)).strip()


# --- in the helper process --------------------------------------------------------------------------------------------


def main(nats_url: str, database_url: str) -> None:
    """One life for each number on standard input."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    child = 0
    for line in sys.stdin:
        if line.strip() == "wait":
            _, status = os.waitpid(child, 0)
            print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201
            continue
        child = os.fork()
        if child == 0:
            _die_at(int(line))
            asyncio.run(_serve(nats_url, database_url))
            os._exit(0)
        print(child, flush=True)  # noqa: T201


async def _serve(nats_url: str, database_url: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    client = await nats.connect(nats_url)
    async with asyncpg.create_pool(database_url, min_size=0, max_size=4) as pool, running(client, pool):
        await stop.wait()
    await client.close()


def _die_at(last: int) -> None:
    """Count points, and be killed at the last one."""
    passed = 0

    def point() -> None:
        nonlocal passed
        passed += 1
        if passed == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def between(method: Any, matters: Any = lambda *_: True) -> Any:
        async def wrapped(self: Any, *arguments: Any, **keywords: Any) -> Any:
            if not matters(*arguments):
                return await method(self, *arguments, **keywords)
            point()
            found = await method(self, *arguments, **keywords)
            point()
            return found

        return wrapped

    Nats.publish = between(Nats.publish, lambda subject, *_: subject.startswith(SEEN))  # type: ignore[method-assign]
    for name in ("execute", "executemany", "fetchval"):
        setattr(asyncpg.Connection, name, between(getattr(asyncpg.Connection, name)))
    for name in ("start", "commit"):
        setattr(Transaction, name, between(getattr(Transaction, name)))
