"""A dependency that is away is asked less and less, and everybody is told at once."""

import asyncio

import asyncpg
import pytest

from actors.outside import guard as guards
from actors.outside.guard import Guard
from schemas.errors import Unavailable
from tests.servers import until

AWAY = (OSError, asyncpg.PostgresConnectionError)


class Dependency:
    """Answers, or fails as told."""

    def __init__(self) -> None:
        self.calls = 0
        self.error: Exception | None = None
        self.delay_s = 0.0

    async def ask(self) -> str:
        self.calls += 1
        await asyncio.sleep(self.delay_s)
        if self.error:
            raise self.error
        return "here"


@pytest.fixture
def dependency(monkeypatch: pytest.MonkeyPatch) -> Dependency:
    monkeypatch.setattr(guards, "FAILURES", 3)
    monkeypatch.setattr(guards, "OPEN_S", 0.3)
    return Dependency()


async def test_an_answer_is_passed_on(dependency: Dependency) -> None:
    assert await Guard("it", AWAY)(dependency.ask) == "here"


async def test_a_short_absence_is_not_noticed(dependency: Dependency) -> None:
    dependency.error = ConnectionRefusedError()

    async def call() -> str:
        try:
            return await dependency.ask()
        finally:
            dependency.error = None

    assert await Guard("it", AWAY)(call) == "here"
    assert dependency.calls == 2


async def test_a_long_absence_opens_the_breaker_and_one_call_closes_it_again(dependency: Dependency) -> None:
    guard = Guard("it", AWAY, attempts=1)
    dependency.error = ConnectionRefusedError()
    for _ in range(3):
        with pytest.raises(Unavailable, match="it does not answer"):
            await guard(dependency.ask)
    with pytest.raises(Unavailable, match="has been away"):
        await guard(dependency.ask)
    assert dependency.calls == 3
    dependency.error = None

    async def is_back() -> bool:
        try:
            return await guard(dependency.ask) == "here"
        except Unavailable:
            return False

    await until(is_back)
    assert dependency.calls == 4
    assert await guard(dependency.ask) == "here"


async def test_half_open_a_failure_opens_it_again(dependency: Dependency) -> None:
    guard = Guard("it", AWAY, attempts=1)
    dependency.error = ConnectionRefusedError()
    for _ in range(3):
        with pytest.raises(Unavailable):
            await guard(dependency.ask)
    await asyncio.sleep(0.35)
    for _ in range(5):
        with pytest.raises(Unavailable):
            await guard(dependency.ask)
    assert dependency.calls == 4


async def test_what_is_no_sign_of_absence_is_passed_on_and_not_counted(dependency: Dependency) -> None:
    guard = Guard("it", AWAY)
    dependency.error = asyncpg.UniqueViolationError("twice")
    for _ in range(9):
        with pytest.raises(asyncpg.UniqueViolationError):
            await guard(dependency.ask)
    dependency.error = None
    assert await guard(dependency.ask) == "here"
    assert dependency.calls == 10


async def test_silence_is_absence(dependency: Dependency) -> None:
    dependency.delay_s = 9
    with pytest.raises(Unavailable):
        await Guard("it", AWAY, timeout_s=0.05, attempts=1)(dependency.ask)
