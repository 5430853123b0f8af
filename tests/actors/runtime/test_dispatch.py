"""What becomes of a message that cannot be handled, comes too late, or takes too long."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from nats.aio.client import Client as Nats

from actors.runtime import dispatch, outcome
from actors.runtime.actor import Actor, running
from actors.runtime.client import Client
from actors.runtime.handlers import command, on
from schemas.envelope import DEAD_REASON, DEAD_SUBJECT, DEAD_TRACE, DEADLINE, Caller, Meta
from schemas.errors import Conflict, Unavailable
from subjects import commands, dead_letters, events
from subjects.streams import DLQ, EVENTS
from tests.actors.runtime.greeting import Greeter, GuestCame, HoldGreeting, Said, SayGreeting
from tests.servers import until


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcome, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(dispatch, "ATTEMPTS", 4)


@pytest.fixture
async def greeter(nats_client: Nats) -> AsyncIterator[Greeter]:
    actor = Greeter()
    async with running(nats_client, actor):
        yield actor


async def come(nats: Nats, guest: str, number: int, body: bytes = b"") -> None:
    body = body or msgspec.json.encode(GuestCame(guest, number))
    await nats.jetstream().publish(events.of(GuestCame, guest), body)


async def dead(nats: Nats) -> int:
    return (await nats.jetstream().stream_info(DLQ.name)).state.messages


async def until_came(actor: Greeter, *expected: tuple[str, int]) -> None:
    async def came() -> bool:
        return set(actor.came) >= set(expected)

    await until(came)


async def letter(nats: Nats) -> Any:
    async def buried() -> bool:
        return await dead(nats) == 1

    await until(buried)
    return await nats.jetstream().get_last_msg(DLQ.name, dead_letters.of(EVENTS.name, "greeting"))


async def test_a_defect_goes_to_the_dead_letters_with_why(nats_client: Nats, greeter: Greeter) -> None:
    greeter.failures = [ZeroDivisionError("how")] * 4
    await come(nats_client, "ann", 1)
    found = await letter(nats_client)
    assert found
    assert msgspec.json.decode(found.data, type=GuestCame) == GuestCame("ann", 1)
    assert found.headers
    assert found.headers[DEAD_REASON] == "ZeroDivisionError: how"
    assert found.headers[DEAD_SUBJECT] == events.of(GuestCame, "ann")
    assert "in guest_came" in found.headers[DEAD_TRACE]


async def test_what_cannot_be_read_goes_to_the_dead_letters(nats_client: Nats, greeter: Greeter) -> None:
    await come(nats_client, "ann", 1, b'{"guest_id": 1}')
    assert await letter(nats_client)
    assert greeter.came == []


async def test_a_poisonous_event_does_not_hold_up_its_neighbours(nats_client: Nats, greeter: Greeter) -> None:
    greeter.poison = ("ann", 1)
    await come(nats_client, "ann", 1)
    for number, guest in enumerate(("ben", "cat", "ann")):
        await come(nats_client, guest, number)
    await until_came(greeter, ("ben", 0), ("cat", 1), ("ann", 2))
    assert await dead(nats_client) == 1


@pytest.mark.parametrize("error", [Unavailable("away"), ConnectionError("away"), TimeoutError()])
async def test_what_something_away_prevents_is_never_buried(
    nats_client: Nats, greeter: Greeter, error: Exception
) -> None:
    greeter.failures = [error] * 7
    await come(nats_client, "ann", 1)
    await come(nats_client, "ann", 2)
    await until_came(greeter, ("ann", 1), ("ann", 2))
    assert greeter.came == [("ann", 1), ("ann", 2)]
    assert await dead(nats_client) == 0


async def test_a_refused_event_is_done_with(nats_client: Nats, greeter: Greeter) -> None:
    greeter.failures = [Conflict("no")]
    await come(nats_client, "ann", 1)
    await come(nats_client, "ann", 2)
    await until_came(greeter, ("ann", 2))
    assert greeter.came == [("ann", 2)]
    assert await dead(nats_client) == 0


async def test_nobody_works_for_a_caller_who_has_left(nats_client: Nats, greeter: Greeter) -> None:
    headers = {DEADLINE: f"{time.time() - 1:.3f}"}
    reply = await nats_client.request(
        commands.of(SayGreeting), b'{"type":"SayGreeting","guest_id":"ann"}', timeout=5, headers=headers
    )
    assert (reply.headers or {})["Nats-Service-Error-Code"] == Unavailable.code
    assert greeter.said == []


async def test_what_waits_for_its_turn_past_its_deadline_is_not_handled(nats_client: Nats, greeter: Greeter) -> None:
    client = Client(nats_client)
    held = asyncio.create_task(client.ask(HoldGreeting("ann")))
    await greeter.holding.wait()
    with pytest.raises(Unavailable):
        await client.ask(SayGreeting("ann", "too late"), Caller(deadline=time.time() + 0.3))
    await asyncio.sleep(0.3)
    greeter.let_go.set()
    await held
    await client.ask(SayGreeting("ann", "in time"))
    assert greeter.said == ["in time"]


class Slow(Actor, service="greeting"):
    """Never comes to an end."""

    def __init__(self) -> None:
        self.begun = 0
        self.cancelled = 0

    @command
    async def say(self, said: SayGreeting, caller: Caller) -> Said:  # noqa: ARG002
        """Stuck."""
        await self._for_ever()
        return Said("slow", "")

    @on(GuestCame, deadline_s=0.1)
    async def came(self, event: GuestCame, meta: Meta) -> None:  # noqa: ARG002
        """Stuck."""
        await self._for_ever()

    async def _for_ever(self) -> None:
        self.begun += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled += 1


async def test_a_stuck_command_is_cancelled_at_its_deadline(nats_client: Nats) -> None:
    actor = Slow()
    async with running(nats_client, actor):
        with pytest.raises(Unavailable):
            await Client(nats_client).ask(SayGreeting("ann"), deadline_s=0.2)

        async def cancelled() -> bool:
            return actor.cancelled == 1

        await until(cancelled)


async def test_a_stuck_event_is_cancelled_and_given_up_in_the_end(nats_client: Nats) -> None:
    actor = Slow()
    async with running(nats_client, actor):
        await come(nats_client, "ann", 1)
        found = await letter(nats_client)
    assert found
    assert found.headers
    assert "longer than 0.1 s" in found.headers[DEAD_REASON]
    assert actor.begun == actor.cancelled == 4
