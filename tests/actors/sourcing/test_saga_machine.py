"""Random failures, crashes, and the same event handed to two processes at once: the saga ends as a small model says.

The model is a loop over the steps. It knows of no crash: a crash must not be seen in what comes out.
"""

import asyncio
from typing import Any

import nats
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nats.aio.client import Client as Nats

from actors.jetstream import direct_get
from actors.runtime import outcome
from actors.runtime.actor import running
from actors.sourcing.saga import Saga, SagaRunner, Step
from ops.provision import provision
from schemas.envelope import Caller, Meta
from schemas.errors import Conflict, Unavailable
from schemas.ids import new_id
from subjects import events
from subjects.streams import EVENTS
from tests.actors.sourcing.test_saga import NOW, DishOrdered, Kitchen, asking, effects, story
from tests.servers import DEADLINE_S

PLAN = st.tuples(
    st.sampled_from(["ok", "ok", "away", "refused"]),  # what the kitchen does: at once, at the third try, never
    st.booleans(),  # it can be undone
    st.booleans(),  # it can be done without
)


def modelled(plan: list[tuple[str, bool, bool]]) -> tuple[list[str], str]:
    """The effects in order, and how it ends."""
    done: list[tuple[str, bool]] = []
    for number, (kitchen, can_be_undone, optional) in enumerate(plan):
        if kitchen != "refused":
            done.append((f"step{number}", can_be_undone))
        elif not optional:
            undone = [f"undo {name}" for name, undoable in reversed(done) if undoable]
            return [name for name, _ in done] + undone, "failed"
    return [name for name, _ in done], "completed"


def saga_of(plan: list[tuple[str, bool, bool]]) -> Saga:
    return Saga(
        "cooking",
        tuple(
            Step(
                f"step{number}",
                asking(f"step{number}"),
                undo=asking(f"undo step{number}") if can_be_undone else None,
                optional=optional,
            )
            for number, (_, can_be_undone, optional) in enumerate(plan)
        ),
    )


class Crashing(Nats):
    """A process that dies, without a word, when it wants to send its `left` + 1st message."""

    left = 0

    async def publish(self, subject: str, *arguments: Any, **keywords: Any) -> None:
        if subject.startswith(("loom.evt.saga.", "loom.cmd.")):
            self.left -= 1
            if self.left < 0:
                raise asyncio.CancelledError
        await super().publish(subject, *arguments, **keywords)


async def run_until_ended(url: str, plan: list[tuple[str, bool, bool]], crashes: list[int], at_once: int) -> None:
    dish = new_id()
    event = DishOrdered(dish)
    meta = Meta(f"order-{dish}", 1, NOW, Caller())
    fails: dict[str, list[Exception]] = {
        f"step{number}": [Unavailable("away")] * 2 if kitchen == "away" else [Conflict("no")] * 99
        for number, (kitchen, _, _) in enumerate(plan)
        if kitchen != "ok"
    }
    client = await nats.connect(url)
    lives = iter([*crashes, *[10_000] * at_once])

    async def process() -> None:
        """Begun again, as by the log, until it gets to the end."""
        for left in lives:
            own = Crashing()
            own.left = left
            await own.connect(url)
            try:
                await SagaRunner(own, saga_of(plan)).run(dish, event, meta)
            except asyncio.CancelledError:
                continue
            finally:
                await own.close()
            return

    async with asyncio.timeout(DEADLINE_S), running(client, Kitchen(client, fails)):
        await asyncio.gather(*(process() for _ in range(at_once)))
        expected, ending = modelled(plan)
        assert await effects(client, dish) == expected
        told = await story(client, f"cooking-{dish}")
        assert told[0] == "SagaBegun"
        assert told[-1] == f"SagaEnded {ending}"
        assert len(told) == len(set(told))
        found = await direct_get.batch(client, EVENTS.name, events.entity("saga", f"cooking-{dish}"), 1)
        ids = [entry.headers["Loom-Command-Id"] for entry in found]
        assert len(ids) == len(set(ids))
    await client.close()


@pytest.fixture(scope="module")
def provisioned(nats_url: str) -> str:
    async def prepare() -> None:
        client = await nats.connect(nats_url)
        await provision(client)
        await client.close()

    asyncio.run(prepare())
    return nats_url


@pytest.mark.timeout(300)
def test_whatever_fails_and_dies_it_ends_as_the_model_says(provisioned: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcome, "FIRST_PAUSE_S", 0.001)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.lists(PLAN, max_size=4), st.lists(st.integers(0, 9), max_size=4), st.integers(1, 2))
    def check(plan: list[tuple[str, bool, bool]], crashes: list[int], at_once: int) -> None:
        asyncio.run(run_until_ended(provisioned, plan, crashes, at_once))

    check()
