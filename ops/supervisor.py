"""Keeps processes running: started, their output passed on under their name, started again when they end."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from ops.lifeline import dies_with_parent

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0
STEADY_S: Final = 10.0
COLOURS: Final = (36, 35, 34, 33, 32, 96, 95, 94, 93)
LINE_BYTES: Final = 256 * 1024


class Child:
    """One process that is to run until `stop`. Its standard input is the lifeline: it ends when we do."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        end_signal: signal.Signals = signal.SIGTERM,
        lifeline: bool = False,
        user: str | None = None,
        quiet: bool = False,
    ) -> None:
        self.name = name
        self._command = list(command)
        self._environment = environment
        self._end_signal = end_signal
        self._lifeline = lifeline
        self._user = user
        self._quiet = quiet
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self._colour = COLOURS[sum(name.encode()) % len(COLOURS)]
        self.last_lines: list[str] = []

    async def run(self) -> None:
        """Run again and again until `stop` was called."""
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE_S
        while not self._stopping:
            began = loop.time()
            code = await self._once()
            if self._stopping:
                return
            pause = FIRST_PAUSE_S if loop.time() - began > STEADY_S else min(pause * 2, LONGEST_PAUSE_S)
            say(self.name, f"ended with {code}; starting it again in {pause:.1f} s", self._colour)
            await asyncio.sleep(pause)

    async def stop(self, grace_s: float) -> None:
        """Ask it to end; kill it when it takes longer than its grace."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(self._end_signal)
        try:
            async with asyncio.timeout(grace_s):
                await process.wait()
        except TimeoutError:
            say(self.name, f"did not end within {grace_s:g} s and was killed", self._colour)
            process.kill()
            await process.wait()

    async def _once(self) -> int:
        process = self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE if self._lifeline else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **(self._environment or {})},
            start_new_session=True,  # Ctrl-C is for us; we tell them in order
            preexec_fn=None if self._lifeline else dies_with_parent(self._end_signal),
            user=self._user,
            limit=LINE_BYTES,
        )
        assert process.stdout
        async for line in _lines(process.stdout):
            self.last_lines = [*self.last_lines[-20:], line]
            if not self._quiet:
                say(self.name, line, self._colour)
        return await process.wait()


async def _lines(stream: asyncio.StreamReader):  # type: ignore[no-untyped-def]  # noqa: ANN202
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # longer than any line of ours
            continue
        if not line:
            return
        yield line.decode(errors="replace").rstrip()


def say(name: str, line: str, colour: int = 0) -> None:
    """One line on standard output, under a name."""
    label = f"\x1b[{colour}m{name:>12}\x1b[0m" if sys.stdout.isatty() and colour else f"{name:>12}"
    print(f"{label}  {line}", flush=True)  # noqa: T201
