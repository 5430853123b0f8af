"""The whole product for a test: `loom up` in its own folder, and the means to hurt it."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import psutil

from ops.bench import stack
from ops.bench.stack import Stack

REPLACED_DEADLINE_S = 20
WITHOUT_LADDER = {"LOOM_LADDER": "none", "LOOM_LIVE_RUNG": "off"}
"""Every recording of every test would be encoded in three sizes, beside the tests that run then; name it to have it."""


class Product:
    """A running `loom up` with its API, its processes and `kill -9`."""

    def __init__(self, running: Stack) -> None:
        self._stack = running
        self.url, self.http, self.data = running.url, running.http, running.data
        self.start, self.control, self.recording = running.start, running.control, running.recording
        self.call, self.log_tail = running.call, running.log_tail

    def processes(self, name: str = "") -> list[psutil.Process]:
        """All processes, or those of one part."""
        return self._stack.processes(name)

    async def wait_ready(self, deadline_s: float = 60) -> None:
        """Until /health/ready says 200 again."""
        await self._stack.ready(deadline_s)

    def hls(self, recording_id: str, rest: str = "video.m3u8") -> str:
        """A URL of a recording's media, as somebody with a fresh link has it."""
        return self._stack.hls(recording_id, rest)

    async def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Kill every process of one part at once; returns when they are gone."""
        victims = self.processes(name)
        assert victims, f"no process is called {name}: {[p.cmdline()[:6] for p in self.processes()]}"
        for victim in victims:
            victim.send_signal(number)
        await asyncio.to_thread(psutil.wait_procs, victims, 10)

    async def kill_and_wait(self, name: str) -> None:
        """Kill, and wait until the supervisor has put another in its place and everything is ready."""
        before = {process.pid for process in self.processes(name)}
        await self.kill(name)
        async with asyncio.timeout(REPLACED_DEADLINE_S):
            while True:
                if {process.pid for process in self.processes(name)} - before:
                    break
                await asyncio.sleep(0.05)
        await self.wait_ready()

    async def until(self, recording_id: str, *statuses: str, deadline_s: float = 30) -> dict[str, Any]:
        """The recording, once it is in one of these states."""
        view: dict[str, Any] = {}
        try:
            async with asyncio.timeout(deadline_s):
                while True:
                    view = await self.recording(recording_id)
                    if view["status"] in statuses:
                        return view
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(
                f"{recording_id} is {view.get('status')}, not {statuses}, after {deadline_s} s:\n{self.log_tail()}"
            ) from None

    async def until_playlist(
        self, recording_id: str, word: str, rest: str = "video.m3u8", deadline_s: float = 20
    ) -> str:
        """The playlist, once it contains `word`."""
        body = ""
        try:
            async with asyncio.timeout(deadline_s):
                while True:
                    async with self.http.get(self.hls(recording_id, rest)) as response:
                        body = await response.text()
                        if response.status == 200 and word in body:
                            return body
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"no {word} in {rest} after {deadline_s} s:\n{body}\n{self.log_tail(15)}") from None


@asynccontextmanager
async def product(environment: Mapping[str, str] | None = None) -> AsyncIterator[Product]:
    """`loom up`, ready; at the end it has left no process behind."""
    async with stack.running({**WITHOUT_LADDER, **(environment or {})}) as running:
        yield Product(running)
