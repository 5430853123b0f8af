"""A crash is one actor's own affair, until it is one too many."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from actors.runtime import outcome, supervisor
from actors.runtime.supervisor import supervise
from tests.servers import until


class Fragile:
    """Crashes when told; may fail to come up at all."""

    def __init__(self) -> None:
        self.starts = self.ends = 0
        self.crash = asyncio.Event()
        self.comes_up = True

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.starts += 1
        if not self.comes_up:
            raise ValueError("it is set up wrongly")
        async with asyncio.TaskGroup() as owner:
            work = owner.create_task(self._work())
            try:
                yield
            finally:
                work.cancel()
                self.ends += 1

    async def _work(self) -> None:
        await self.crash.wait()
        self.crash.clear()
        raise ZeroDivisionError("a defect")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcome, "FIRST_PAUSE_S", 0.001)


async def until_started(fragile: Fragile, times: int) -> None:
    async def started() -> bool:
        return fragile.starts == times

    await until(started)


async def test_what_crashed_is_started_again_and_those_beside_it_do_not_notice() -> None:
    one, other, stop = Fragile(), Fragile(), asyncio.Event()
    async with asyncio.TaskGroup() as owner:
        for fragile in (one, other):
            owner.create_task(supervise("it", fragile.running, asyncio.Event(), stop))
        await until_started(one, 1)
        await until_started(other, 1)
        one.crash.set()
        await until_started(one, 2)
        stop.set()
    assert (one.starts, one.ends) == (2, 2)
    assert (other.starts, other.ends) == (1, 1)


async def test_too_many_crashes_in_a_short_time_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "RESTARTS", 3)
    fragile = Fragile()
    supervised = asyncio.create_task(supervise("it", fragile.running, asyncio.Event(), asyncio.Event()))
    for times in range(1, 5):
        await until_started(fragile, times)
        fragile.crash.set()
    with pytest.raises(ExceptionGroup):
        await supervised
    assert fragile.starts == 4


async def test_crashes_long_ago_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "RESTARTS", 2)
    monkeypatch.setattr(supervisor, "WITHIN_S", 0.0)
    fragile, stop = Fragile(), asyncio.Event()
    supervised = asyncio.create_task(supervise("it", fragile.running, asyncio.Event(), stop))
    for times in range(1, 7):
        await until_started(fragile, times)
        fragile.crash.set()
    await until_started(fragile, 7)
    stop.set()
    await supervised


async def test_what_never_comes_up_is_not_tried_again() -> None:
    fragile, ready = Fragile(), asyncio.Event()
    fragile.comes_up = False
    with pytest.raises(ValueError, match="set up wrongly"):
        await supervise("it", fragile.running, ready, asyncio.Event())
    assert fragile.starts == 1
    assert not ready.is_set()
