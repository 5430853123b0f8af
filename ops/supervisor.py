"""Keeps processes running: started, their output passed on under their name, started again when they end."""

import asyncio
import os
import pwd
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

from msgspec import Struct

from ops import leftovers
from ops.console import Console

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0
STEADY_S: Final = 10.0
LINE_BYTES: Final = 256 * 1024
LOG_BYTES: Final = 10 << 20
WORDS: Final = 2000


class Program(Struct, frozen=True):
    """What is to run."""

    name: str
    command: Sequence[str]
    end_signal: signal.Signals = signal.SIGTERM
    user: str | None = None
    server: bool = False  # one of the embedded servers: its words go to a file, it ends after ours
    noted: bool = True  # ended by the guard when `loom up` was killed
    descriptors: tuple[int, ...] = ()  # it inherits these


class Surroundings(Struct, frozen=True):
    """What all programs of one `loom up` share."""

    console: Console
    notes: Path  # of `ops/leftovers.py`
    logs: Path  # of the servers
    lifeline: int  # the reading end of a pipe that closes when we end
    environment: dict[str, str]  # grows while servers start


class Child:
    """A program that is to run until `stop`. One task owns it: the one that runs `run`."""

    def __init__(self, program: Program, around: Surroundings) -> None:
        self.program = program
        self.name = program.name
        self.ended = 0  # how often it had to be started again
        self._around = around
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._said: list[str] = []

    async def run(self) -> None:
        """Run again and again until `stop` was called. Raises OSError when there is no such program."""
        try:
            while not self._stopping.is_set():
                began = asyncio.get_running_loop().time()
                code = await self._once()
                if not self._stopping.is_set():
                    steady = asyncio.get_running_loop().time() - began > STEADY_S
                    await self._pause(code, steady=steady)
        finally:
            self._idle.set()

    async def stop(self, grace_s: float) -> None:
        """Ask it to end; kill it when it takes longer than its grace."""
        self._stopping.set()
        self._signal(self.program.end_signal)
        try:
            async with asyncio.timeout(grace_s):
                await self._idle.wait()
        except TimeoutError:
            self._around.console.say(self.name, f"did not end within {grace_s:g} s and is killed")
            self._signal(signal.SIGKILL)
            await self._idle.wait()

    def last_words(self, lines: int = 3) -> str:
        """The end of what it has said."""
        said = self._said
        if self.program.server:
            with suppress(OSError):
                said = self._log.read_bytes()[-WORDS:].decode(errors="replace").splitlines()
        return " / ".join(line.strip() for line in said[-lines:]) or "it said nothing"

    async def _pause(self, code: int, *, steady: bool) -> None:
        self.ended = 1 if steady else self.ended + 1
        pause = min(FIRST_PAUSE_S * 2 ** (self.ended - 1), LONGEST_PAUSE_S)
        self._around.console.say(self.name, f"{_ending(code)}; starting it again")
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._stopping.wait()

    async def _once(self) -> int:
        words = _opened(self._log) if self.program.server else None
        process = self._process = await self._spawn(words)
        try:
            self._note(process.pid)
            if self._stopping.is_set():
                self._signal(self.program.end_signal)
            if process.stdout:
                async for line in _lines(process.stdout):
                    self._said = [*self._said[-20:], line]
                    self._around.console.pass_on(self.name, line)
            return await process.wait()
        finally:
            self._signal(signal.SIGKILL)
            leftovers.forget(self._around.notes, self.name)
            if words:
                words.close()

    async def _spawn(self, words: IO[bytes] | None) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self.program.command,
            stdin=asyncio.subprocess.DEVNULL if self.program.server else self._around.lifeline,
            stdout=words or asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **self._around.environment},
            start_new_session=True,  # Ctrl-C is for us; we tell them in order
            pass_fds=self.program.descriptors,
            limit=LINE_BYTES,
            **identity(self.program),
        )

    def _note(self, pid: int) -> None:
        if self.program.noted:
            program = self.program
            leftovers.note(self._around.notes, self.name, pid, end_signal=program.end_signal, server=program.server)

    def _signal(self, number: signal.Signals) -> None:
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    @property
    def _log(self) -> Path:
        return self._around.logs / f"{self.name}.log"


class Supervisor:
    """The children of one `loom up`, in the order in which they were started."""

    def __init__(self, around: Surroundings, owner: asyncio.TaskGroup, grace_s: float) -> None:
        self._around, self._owner, self._grace_s = around, owner, grace_s
        self._children: list[Child] = []

    def start(self, program: Program) -> Child:
        """Keep it running from now on."""
        child = Child(program, self._around)
        self._children.append(child)
        self._owner.create_task(child.run(), name=program.name)
        return child

    async def stop(self, names: Sequence[str]) -> None:
        """End those, all at the same time; of a name such as "ingest 1" the first word counts."""
        leaving = [child for child in self._children if child.name.split()[0] in names]
        self._children = [child for child in self._children if child not in leaving]
        await asyncio.gather(*(child.stop(self._grace_s) for child in leaving))

    def failing(self, times: int) -> Child | None:
        """One that has ended that often, if there is any."""
        return next((child for child in self._children if child.ended >= times), None)


def identity(program: Program) -> dict[str, Any]:
    """Another user's process has that user's group and no other; `/` is a folder everybody may be in."""
    if program.user is None:
        return {}
    return {"user": program.user, "group": pwd.getpwnam(program.user).pw_gid, "extra_groups": [], "cwd": "/"}


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # longer than any line of ours; the stream goes on behind it
            continue
        if not line:
            return
        yield line.decode(errors="replace").rstrip()


def _opened(log: Path) -> IO[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    return log.open("ab")


def _ending(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
