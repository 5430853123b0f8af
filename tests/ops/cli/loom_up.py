"""`loom up` as a process of its own, and who of it runs."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import psutil

from ops.bench.stack import Stack
from tests.servers import free_port, until

GONE_DEADLINE_S = 15
COMMAND = (sys.executable, "-m", "ops", "up")


def environment(data: Path, port: int, **more: str) -> dict[str, str]:
    return {**os.environ, "LOOM_DATA": str(data), "LOOM_PORT": str(port), **more}


async def refused(data: Path, port: int, **more: str) -> str:
    """What `loom up` says when it cannot start: one line."""
    up = await asyncio.create_subprocess_exec(
        *COMMAND, env=environment(data, port, **more), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(20):
            _, said = await up.communicate()
    finally:
        if up.returncode is None:
            up.kill()
            await up.wait()
    assert up.returncode
    lines = said.decode().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


@asynccontextmanager
async def running(data: Path, port: int = 0, **more: str) -> AsyncIterator[Stack]:
    """Started and ready. Whoever uses it ends it; what is left is killed."""
    port = port or free_port()
    with (data / "up.log").open("ab") as log:
        up = await asyncio.create_subprocess_exec(
            *COMMAND, env=environment(data, port, **more), stdout=log, stderr=log, start_new_session=True
        )
    async with aiohttp.ClientSession() as http:
        stack = Stack(f"http://127.0.0.1:{port}", data, up, http)
        try:
            await stack.ready()
            yield stack
        finally:
            for process in stack.processes():
                process.kill()
            if up.returncode is None:
                up.kill()
            await up.wait()


async def end(stack: Stack, number: signal.Signals) -> int:
    """Send the signal; returns the exit status when it has ended."""
    stack.up.send_signal(number)
    async with asyncio.timeout(GONE_DEADLINE_S + 15):
        return await stack.up.wait()


async def nobody_left(stack: Stack, deadline_s: float) -> None:
    """Until no process of it runs. Raises AssertionError with those that do."""

    async def none() -> bool:
        return not stack.processes()

    try:
        await until(none, deadline_s)
    except TimeoutError:
        raise AssertionError([process.cmdline() for process in stack.processes()]) from None


def listening(process: psutil.Process) -> set[str]:
    """The addresses it listens on, TCP."""
    return {c.laddr.ip for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN}


def folder() -> Path:
    """A new one with a short path."""
    return Path(tempfile.mkdtemp(prefix="loom-up-"))
