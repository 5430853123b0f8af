"""How is the load process driven? Targets in, "connected" out, SIGTERM, the report."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from ops.bench import child
from ops.bench.figure import progress
from ops.bench.stack import Stack
from ops.bench.whip_load import Report, Target

CONNECT_DEADLINE_S: Final = 60
REPORT_DEADLINE_S: Final = 30


class Load:
    """A running load; `report` is there once the block of `sending` has been left."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.report: Report | None = None

    async def finish(self) -> Report:
        """Stop sending, wait for the last receiver reports, delete the sessions."""
        if self.report is None:
            assert self.process.stdout is not None
            self.process.terminate()
            async with asyncio.timeout(REPORT_DEADLINE_S):
                self.report = msgspec.json.decode(await self.process.stdout.readline(), type=Report)
        return self.report


@asynccontextmanager
async def sending(targets: Sequence[Target], file: Path | None = None) -> AsyncIterator[Load]:
    """All `targets` are being sent to when the block begins. Raises RuntimeError when they could not connect."""
    words = ("--file", str(file)) if file else ()
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    progress(f"connecting {len(targets)} WHIP session(s)")
    async with child.running(*child.module("ops.bench.whip_load", *words), **pipes) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(list(targets)) + b"\n")
        async with asyncio.timeout(CONNECT_DEADLINE_S):
            if b"connected" not in await process.stdout.readline():
                raise RuntimeError("The load could not connect; see its standard error above.")
        load = Load(process)
        yield load
        await load.finish()


async def targets_of(stack: Stack, count: int) -> tuple[list[str], list[Target]]:
    """`count` new recordings: their ids, and where to send."""
    started = [await stack.start(f"bench {number}") for number in range(count)]
    return [one["id"] for one in started], [Target(one["whip_url"], one["whip_token"]) for one in started]
