"""How is a helper process run and ended? Started in its own group, asked to stop, then made to."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

END_DEADLINE_S: Final = 15


@asynccontextmanager
async def running(*command: str, **settings: Any) -> AsyncIterator[asyncio.subprocess.Process]:
    """A child process; it is gone when the block is left."""
    process = await asyncio.create_subprocess_exec(*command, **settings)
    try:
        yield process
    finally:
        await end(process)


async def end(process: asyncio.subprocess.Process) -> int:
    """SIGTERM, then SIGKILL; answers the exit status."""
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(END_DEADLINE_S):
                return await process.wait()
        except TimeoutError:
            process.kill()
    return await process.wait()


def module(name: str, *arguments: str) -> tuple[str, ...]:
    """`python -m name arguments` with this interpreter."""
    return (sys.executable, "-m", name, *arguments)
