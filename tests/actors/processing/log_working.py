"""A worker that follows the log, in this process; and the death of the children in which it decodes."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import psutil
from nats.aio.client import Client

from actors.outside import zygote
from actors.outside.sandbox import Sandbox
from actors.processing.log_worker import LogWorker


@asynccontextmanager
async def working(make: Callable[[Client, Sandbox], LogWorker], client: Client) -> AsyncIterator[LogWorker]:
    async with Sandbox() as sandbox:
        worker = make(client, sandbox)
        task = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def kill_decoders() -> int:
    """Kill the children of our zygotes, and of no other process; how many there were."""
    killed = 0
    for child in psutil.Process(os.getpid()).children():
        with suppress(psutil.NoSuchProcess):
            if zygote.__name__ in child.cmdline():
                for decoder in child.children():
                    decoder.kill()
                    killed += 1
    return killed
