import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from ops.console import Console
from ops.supervisor import Child, Program, Supervisor, Surroundings

DEADLINE_S = 10
RUNS = "import signal, os; print('here', os.getpid(), flush=True); signal.pause()"
ENDS = "print('last words'); raise SystemExit(3)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here 0', flush=True); signal.pause()"


class Heard(Console):
    """A console whose lines can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._more = asyncio.Event()

    def say(self, name: str, line: str, colour: int | None = None) -> None:  # noqa: ARG002
        self.lines.append(f"{name}: {line}")
        self._more.set()

    async def until(self, holds: Callable[[list[str]], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not holds(self.lines):
                self._more.clear()
                await self._more.wait()

    def pids(self) -> list[int]:
        return [int(line.split()[-1]) for line in self.lines if ": here" in line]


@pytest.fixture
def lifeline() -> Iterator[int]:
    reading, writing = os.pipe()
    yield reading
    os.close(reading)
    os.close(writing)


@pytest.fixture
def console() -> Heard:
    return Heard()


@pytest.fixture
def around(tmp_path: Path, lifeline: int, console: Heard) -> Surroundings:
    return Surroundings(console, tmp_path / "notes", tmp_path / "logs", lifeline, {"FOR_CHILDREN": "yes"})


def program(code: str, name: str = "child", *, server: bool = False) -> Program:
    return Program(name, (sys.executable, "-u", "-c", code), server=server)


@asynccontextmanager
async def supervising(around: Surroundings, grace_s: float = DEADLINE_S) -> AsyncIterator[Supervisor]:
    async with asyncio.TaskGroup() as owner:
        supervisor = Supervisor(around, owner, grace_s)
        try:
            yield supervisor
        finally:
            await supervisor.stop(("child", "server"))


async def test_who_was_killed_runs_again_and_nobody_is_left_at_the_end(around: Surroundings, console: Heard) -> None:
    async with supervising(around) as supervisor:
        supervisor.start(program(RUNS))
        await console.until(lambda _: len(console.pids()) == 1)
        os.kill(console.pids()[0], signal.SIGKILL)
        await console.until(lambda _: len(console.pids()) == 2)
        assert any("was killed by SIGKILL" in line for line in console.lines)
    assert not any(psutil.pid_exists(pid) for pid in console.pids())
    assert not list(around.notes.iterdir())


async def test_who_ends_again_and_again_is_known_by_its_last_words(around: Surroundings, console: Heard) -> None:
    async with supervising(around) as supervisor:
        supervisor.start(program(ENDS))
        await console.until(lambda lines: sum("ended with 3" in line for line in lines) == 3)
        failing = supervisor.failing(3)
        assert failing
        assert failing.last_words() == "last words / last words / last words"
        assert supervisor.failing(5) is None


async def test_who_does_not_end_in_time_is_killed(around: Surroundings, console: Heard) -> None:
    async with supervising(around, grace_s=0.2) as supervisor:
        supervisor.start(program(STUBBORN))
        await console.until(lambda _: bool(console.pids()))
    assert any("did not end within 0.2 s and is killed" in line for line in console.lines)


async def test_one_that_waits_to_be_started_again_can_be_stopped(around: Surroundings, console: Heard) -> None:
    async with supervising(around) as supervisor:
        supervisor.start(program(ENDS))
        await console.until(lambda lines: sum("ended with 3" in line for line in lines) == 4)
        async with asyncio.timeout(1):
            await supervisor.stop(("child",))


async def test_one_that_is_just_being_started_can_be_stopped(around: Surroundings) -> None:
    async with asyncio.TaskGroup() as owner:
        child = Child(program(RUNS), around)
        running = owner.create_task(child.run())
        await asyncio.sleep(0)
        async with asyncio.timeout(DEADLINE_S):
            await child.stop(DEADLINE_S)
            await running


async def test_the_words_of_a_server_go_to_its_log(around: Surroundings, console: Heard) -> None:
    async with supervising(around) as supervisor:
        child = supervisor.start(program("print('listening'); raise SystemExit(1)", "server", server=True))
        await console.until(bool)
        assert child.last_words(1) == "listening"
    assert (around.logs / "server.log").read_text().startswith("listening\n")
    assert not any("listening" in line for line in console.lines)


async def test_children_get_the_environment_and_a_line_that_is_too_long_is_passed_over(
    around: Surroundings, console: Heard
) -> None:
    code = "import os; print('x' * 1_000_000); print(os.environ['FOR_CHILDREN'], flush=True); import signal; signal.pause()"
    async with supervising(around) as supervisor:
        supervisor.start(program(code))
        await console.until(lambda lines: "child: yes" in lines)
