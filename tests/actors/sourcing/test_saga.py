"""Step by step to its end, whatever dies in between; no step twice in effect."""

import asyncio
import math
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client as Nats

from actors.jetstream import direct_get
from actors.runtime import outcome
from actors.runtime.actor import Actor, running
from actors.runtime.handlers import command, on
from actors.sourcing import saga as sagas
from actors.sourcing.event_message import decode, headers_of
from actors.sourcing.saga import Absent, Ended, Running, Saga, SagaRunner, Step, due, evolve
from actors.sourcing.store import EventStore
from schemas.envelope import Caller, Meta
from schemas.errors import Conflict, Unavailable
from schemas.message import Command, Event, Job
from schemas.saga import SagaBegun, SagaEnded, StepDone, StepFailed, StepUndone
from subjects import events
from subjects.streams import EVENTS
from tests.servers import NatsServer, connected, until

NOW = datetime(2026, 11, 28, tzinfo=UTC)
NAMES = ("bake", "ice", "serve")


class Cooked(msgspec.Struct, frozen=True):
    """An answer."""

    dish: str


class PrepareDish(Command[Cooked], frozen=True):
    """One of the steps."""

    dish_id: str
    what: str


class DishOrdered(Event, frozen=True):
    """Begins the saga."""

    dish_id: str


class DishPrepared(Event, frozen=True):
    """What the kitchen has done, once for each step."""

    dish_id: str
    what: str


class DishServed(Event, frozen=True):
    """Somebody else says so."""

    dish_id: str


SERVICE = __name__.rpartition(".")[2]
sys.modules[f"schemas.{SERVICE}"] = sys.modules[__name__]  # where the store looks for a service's events


def asking(what: str) -> Callable[[Any], Command[Any] | Job]:
    return lambda ordered: PrepareDish(ordered.dish_id, what)


def step(name: str, **keywords: Any) -> Step:
    return Step(name, asking(name), **keywords)


# --- pure -------------------------------------------------------------------------------------------------------------


def told(saga: Saga, outcomes: list[str]) -> tuple[list[str], sagas.State]:
    """The story of a saga whose steps end as told, in order: done, or failed for good."""
    state: sagas.State = evolve(Absent(), SagaBegun("s", saga.name, "1", NOW))
    log: list[str] = []
    left = iter(outcomes)
    while isinstance(state, Running):
        current = due(saga, state)
        if current is None:
            said: Event = SagaEnded("s", "failed" if state.failed else "completed", NOW)
        elif state.failed:
            log.append(f"undo {current.name}")
            said = StepUndone("s", current.name, NOW)
        elif next(left, "done") == "done":
            log.append(current.name)
            said = StepDone("s", current.name, NOW)
        else:
            log.append(f"fail {current.name}")
            said = StepFailed("s", current.name, "why", current.optional, NOW)
        state = evolve(state, said)
    return log, state


steps_of = st.lists(
    st.builds(
        lambda number, undo, optional: (number, undo, optional), st.integers(0, 99), st.booleans(), st.booleans()
    ),
    max_size=6,
    unique_by=lambda one: one[0],
)


@given(steps_of, st.lists(st.sampled_from(["done", "done", "failed"]), max_size=6))
def test_it_goes_through_in_order_or_back_in_reverse(
    declared: list[tuple[int, bool, bool]], outcomes: list[str]
) -> None:
    steps = tuple(
        Step(str(number), asking(""), undo=asking("") if undo else None, optional=optional)
        for number, undo, optional in declared
    )
    log, state = told(Saga("cooking", steps), outcomes)
    done: list[str] = []
    expected: list[str] = []
    outcome = "completed"
    for one, how in zip(steps, [*outcomes, *["done"] * 6], strict=False):
        expected.append(one.name if how == "done" else f"fail {one.name}")
        if how == "done":
            done.append(one.name)
        elif not one.optional:
            can_be_undone = [before.name for before in reversed(steps) if before.name in done and before.undo]
            expected += [f"undo {name}" for name in can_be_undone]
            outcome = "failed"
            break
    assert log == expected
    assert state == Ended(outcome)


# --- on a real server -------------------------------------------------------------------------------------------------


class Kitchen(Actor, service=SERVICE):
    """Does each thing once, and says so; fails as told."""

    def __init__(self, nats: Nats, fails: dict[str, list[Exception]] | None = None) -> None:
        self._dishes: EventStore[None] = EventStore(nats, SERVICE, None, lambda state, _: state)
        self.fails = fails or {}
        self.asked: list[str] = []

    @command
    async def prepare(self, said: PrepareDish, caller: Caller) -> Cooked:
        """Its effect is an event."""
        self.asked.append(said.what)
        if failures := self.fails.get(said.what):
            raise failures.pop()
        await self._dishes.decide(said.dish_id, caller, lambda _: [DishPrepared(said.dish_id, said.what)])
        return Cooked(said.dish_id)


class Waiter(Actor, service="waiting"):
    """Runs the saga."""

    def __init__(self, nats: Nats, saga: Saga) -> None:
        self._runner = SagaRunner(nats, saga)

    @on(DishOrdered, deadline_s=math.inf)
    async def ordered(self, event: DishOrdered, meta: Meta) -> None:
        """To the end."""
        await self._runner.run(event.dish_id, event, meta)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcome, "FIRST_PAUSE_S", 0.01)


@pytest.fixture
async def kitchen(nats_client: Nats) -> AsyncIterator[Kitchen]:
    actor = Kitchen(nats_client)
    async with running(nats_client, actor):
        yield actor


async def say(nats: Nats, event: Event, number: int = 0) -> None:
    dish: str = event.dish_id  # type: ignore[attr-defined]
    headers = headers_of(event, dish, Caller(), number)
    await nats.jetstream().publish(events.of(type(event), dish), msgspec.json.encode(event), headers=headers)


async def effects(nats: Nats, dish: str = "pie") -> list[str]:
    found = await direct_get.batch(nats, EVENTS.name, events.of(DishPrepared, dish), 1)
    return [msgspec.json.decode(entry.data, type=DishPrepared).what for entry in found]


async def story(nats: Nats, saga_id: str = "cooking-pie") -> list[str]:
    """The saga's own events, and the step they are about."""
    found = await direct_get.batch(nats, EVENTS.name, events.entity("saga", saga_id), 1)
    said = [decode(entry.subject, entry.headers, entry.data) for entry in found]
    return [f"{type(event).__name__} {getattr(event, 'step', getattr(event, 'outcome', ''))}".strip() for event in said]


async def until_ended(nats: Nats, saga_id: str = "cooking-pie") -> list[str]:
    async def ended() -> bool:
        return any(one.startswith("SagaEnded") for one in await story(nats, saga_id))

    await until(ended)
    return await story(nats, saga_id)


COOKING = Saga("cooking", tuple(step(name) for name in NAMES))


async def test_every_step_is_done_and_told(nats_client: Nats, kitchen: Kitchen) -> None:
    async with running(nats_client, Waiter(nats_client, COOKING)):
        await say(nats_client, DishOrdered("pie"))
        assert await until_ended(nats_client) == [
            "SagaBegun",
            "StepDone bake",
            "StepDone ice",
            "StepDone serve",
            "SagaEnded completed",
        ]
    assert await effects(nats_client) == list(NAMES)
    assert kitchen.asked == list(NAMES)


async def test_a_step_that_could_not_be_done_is_tried_again(nats_client: Nats, kitchen: Kitchen) -> None:
    kitchen.fails = {"ice": [Unavailable("no sugar")] * 2}
    async with running(nats_client, Waiter(nats_client, COOKING)):
        await say(nats_client, DishOrdered("pie"))
        await until_ended(nats_client)
    assert await effects(nats_client) == list(NAMES)
    assert kitchen.asked == ["bake", "ice", "ice", "ice", "serve"]


async def test_a_defect_over_there_is_no_refusal(nats_client: Nats, kitchen: Kitchen) -> None:
    kitchen.fails = {"ice": [RuntimeError("a defect")] * 2}
    async with running(nats_client, Waiter(nats_client, COOKING)):
        await say(nats_client, DishOrdered("pie"))
        assert (await until_ended(nats_client))[-1] == "SagaEnded completed"
    assert kitchen.asked == ["bake", "ice", "ice", "ice", "serve"]


async def test_what_stands_is_undone_when_a_step_fails_for_good(nats_client: Nats, kitchen: Kitchen) -> None:
    kitchen.fails = {"serve": [Conflict("nobody is at the table")]}
    saga = Saga(
        "cooking",
        (step("bake", undo=asking("throw away")), step("ice", undo=asking("scrape off")), step("serve")),
    )
    async with running(nats_client, Waiter(nats_client, saga)):
        await say(nats_client, DishOrdered("pie"))
        assert (await until_ended(nats_client))[3:] == [
            "StepFailed serve",
            "StepUndone ice",
            "StepUndone bake",
            "SagaEnded failed",
        ]
    assert await effects(nats_client) == ["bake", "ice", "scrape off", "throw away"]


async def test_a_step_that_can_be_done_without_is_left_out(nats_client: Nats, kitchen: Kitchen) -> None:
    kitchen.fails = {"ice": [Unavailable("no sugar")] * 9}
    saga = Saga("cooking", (step("bake"), step("ice", attempts=2, optional=True), step("serve")))
    async with running(nats_client, Waiter(nats_client, saga)):
        await say(nats_client, DishOrdered("pie"))
        assert (await until_ended(nats_client))[-3:] == ["StepFailed ice", "StepDone serve", "SagaEnded completed"]


@pytest.mark.usefixtures("kitchen")
async def test_a_step_waits_for_what_tells_that_it_is_done(nats_client: Nats) -> None:
    saga = Saga("cooking", (step("bake", until=(DishServed,), timeout_s=0.4), step("serve")))
    async with running(nats_client, Waiter(nats_client, saga)):
        await say(nats_client, DishOrdered("pie"))

        async def baked_twice() -> bool:  # the first time nobody said so
            return await effects(nats_client) == ["bake"]

        await until(baked_twice)
        await asyncio.sleep(0.5)
        assert await story(nats_client) == ["SagaBegun"]
        await say(nats_client, DishServed("pie"))
        assert (await until_ended(nats_client))[1:] == ["StepDone bake", "StepDone serve", "SagaEnded completed"]
    assert await effects(nats_client) == ["bake", "serve"]


@pytest.mark.usefixtures("kitchen")
async def test_a_step_ends_in_time_when_a_cancellation_is_lost(
    nats_client: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*_: Any) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0.3)

    monkeypatch.setattr(direct_get, "last", lost)
    saga = Saga("cooking", (step("bake", until=(DishServed,), timeout_s=0.2, attempts=1),))
    async with running(nats_client, Waiter(nats_client, saga)):
        await say(nats_client, DishOrdered("pie"))
        assert (await until_ended(nats_client))[1:] == ["StepFailed bake", "SagaEnded failed"]


@asynccontextmanager
async def waiter(server: NatsServer) -> AsyncIterator[tuple[Nats, asyncio.Task[None]]]:
    """A process that can be killed: its connection goes without a word."""

    async def run(client: Nats) -> None:
        async with running(client, Waiter(client, COOKING)):
            await asyncio.Event().wait()

    async with connected(server) as client:
        task = asyncio.create_task(run(client))
        yield client, task
        await client.close()
        task.cancel()
        await asyncio.wait([task])


@pytest.mark.parametrize("kill_after", range(1, 9))
async def test_killed_between_any_two_messages_it_goes_on_and_does_nothing_twice(
    nats_server: NatsServer, nats_client: Nats, kitchen: Kitchen, kill_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`kill_after` counts what the first process sends for the saga: a command, an event, a command, …"""
    killed = asyncio.Event()
    async with waiter(nats_server) as (client, task):
        sent = 0
        publish = Nats.publish

        async def counted(self: Nats, subject: str, *arguments: Any, **keywords: Any) -> None:
            nonlocal sent
            if self is client and (subject.startswith(("loom.evt.saga.", "loom.cmd."))):
                sent += 1
                if sent > kill_after:
                    killed.set()
                    await asyncio.Event().wait()  # dead: it neither sends nor goes on
            await publish(self, subject, *arguments, **keywords)

        monkeypatch.setattr(Nats, "publish", counted)
        await say(nats_client, DishOrdered("pie"))
        ended = asyncio.create_task(until_ended(nats_client))
        died = asyncio.create_task(killed.wait())
        await asyncio.wait([ended, died], return_when=asyncio.FIRST_COMPLETED)
        await client.close()
        task.cancel()
        died.cancel()
        async with waiter(nats_server):
            said = await ended
    assert said == ["SagaBegun", "StepDone bake", "StepDone ice", "StepDone serve", "SagaEnded completed"]
    assert await effects(nats_client) == list(NAMES)
    assert len(kitchen.asked) <= len(NAMES) + 1
