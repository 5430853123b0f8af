import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest
from nats.aio.client import Client as Nats

from actors.runtime.actor import running
from actors.runtime.client import Client
from schemas.envelope import Caller
from schemas.errors import BY_CODE, Invalid, LoomError, Unavailable
from schemas.ids import UserId, WorkspaceId
from subjects import commands, dead_letters, events
from tests.actors.runtime.greeting import AskWho, Greeter, GuestCame, HoldGreeting, RefuseGreeting, Said, SayGreeting
from tests.servers import NatsServer, connected, until


@pytest.fixture
async def greeter(nats_client: Nats) -> AsyncIterator[Greeter]:
    actor = Greeter()
    async with running(nats_client, actor):
        yield actor


@pytest.fixture
def client(nats_client: Nats) -> Client:
    return Client(nats_client)


async def come(nats: Nats, guest: str, number: int) -> None:
    event = GuestCame(guest, number)
    await nats.jetstream().publish(events.of(GuestCame, guest), msgspec.json.encode(event))


async def of_service(nats: Nats, what: str, answers: int = 1) -> list[dict[str, Any]]:
    """What any NATS tool would hear: `$SRV.<what>.greeting` (ADR-32)."""
    inbox = nats.new_inbox()
    listening = await nats.subscribe(inbox)
    await nats.publish(f"$SRV.{what}.greeting", reply=inbox)
    found = [json.loads((await listening.next_msg(timeout=5)).data) for _ in range(answers)]
    await listening.unsubscribe()
    return found


async def test_a_command_is_answered_with_its_type(greeter: Greeter, client: Client) -> None:
    assert await client.ask(SayGreeting("ann", "hi")) == Said(greeter.name, "hi")


@pytest.mark.usefixtures("greeter")
async def test_the_caller_arrives_with_the_message(client: Client) -> None:
    caller = Caller(UserId("ann"), WorkspaceId("acme"), "request-1")
    assert (await client.ask(AskWho(), caller)).words == "ann/acme/request-1"


@pytest.mark.usefixtures("greeter")
@pytest.mark.parametrize("error", BY_CODE.values(), ids=lambda error: error.code)
async def test_a_refusal_arrives_as_what_was_raised(client: Client, error: type[LoomError]) -> None:
    with pytest.raises(error) as caught:
        await client.ask(RefuseGreeting(error.code))
    assert type(caught.value) is error
    assert str(caught.value) == "Not today, not here."


@pytest.mark.usefixtures("greeter")
async def test_a_defect_tells_no_details(client: Client) -> None:
    with pytest.raises(LoomError, match=r"^Internal error$") as caught:
        await client.ask(RefuseGreeting("none of ours"))
    assert caught.value.code == "internal"


@pytest.mark.usefixtures("greeter")
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"words": 1}', b'{"guest_id": "a", "surname": "b"}'])
async def test_what_cannot_be_read_is_invalid(nats_client: Nats, body: bytes) -> None:
    reply = await nats_client.request(commands.of(SayGreeting), body, timeout=5)
    assert (reply.headers or {})["Nats-Service-Error-Code"] == Invalid.code


async def test_nobody_there_is_said_at_once_to_who_is_not_patient(client: Client) -> None:
    with pytest.raises(Unavailable, match="Nobody is there"):
        await client.ask(SayGreeting("ann"), patient=False)


async def test_who_is_patient_is_answered_by_whoever_comes_in_time(nats_client: Nats, client: Client) -> None:
    with pytest.raises(Unavailable, match="Nobody is there"):
        await client.ask(SayGreeting("ann"), deadline_s=0.3)
    asking = asyncio.create_task(client.ask(SayGreeting("ann", "hi")))
    await asyncio.wait([asking], timeout=0.3)
    async with running(nats_client, Greeter()):
        assert (await asking).words == "hi"


@pytest.mark.usefixtures("greeter")
async def test_no_answer_in_time_is_unavailable(client: Client, greeter: Greeter) -> None:
    with pytest.raises(Unavailable, match=r"not answered within 0\.1 s"):
        await client.ask(HoldGreeting("ann"), deadline_s=0.1)
    greeter.let_go.set()


async def test_one_entity_is_handled_in_order_one_at_a_time(greeter: Greeter, client: Client) -> None:
    words = [str(number) for number in range(50)]
    await asyncio.gather(*(client.ask(SayGreeting("ann", word)) for word in words))
    assert greeter.said == words
    assert greeter.most_together == 1


async def test_one_entity_does_not_wait_for_another(greeter: Greeter, client: Client) -> None:
    held = asyncio.create_task(client.ask(HoldGreeting("ann")))
    await greeter.holding.wait()
    assert (await client.ask(SayGreeting("ben", "hi"), deadline_s=2)).words == "hi"
    waiting = asyncio.create_task(client.ask(SayGreeting("ann", "later")))
    greeter.let_go.set()
    await asyncio.gather(held, waiting)
    assert greeter.said == ["hi", "later"]


async def test_instances_share_the_work(nats_server: NatsServer, client: Client) -> None:
    actors = [Greeter("one"), Greeter("two")]
    guests = [str(number) for number in range(200)]
    async with AsyncExitStack() as stack:
        for actor in actors:
            own = await stack.enter_async_context(connected(nats_server))
            await stack.enter_async_context(running(own, actor))

        async def who() -> dict[str, str]:
            return {guest: (await client.ask(SayGreeting(guest))).by for guest in guests}

        async def is_shared_out() -> bool:
            first, second = await who(), await who()
            return set(first.values()) == {"one", "two"} and first == second

        await until(is_shared_out)  # whoever takes a command: one and the same handles those of an entity


async def test_instances_share_the_events(nats_server: NatsServer, nats_client: Nats) -> None:
    actors = [Greeter("one"), Greeter("two")]
    async with AsyncExitStack() as stack:
        for actor in actors:
            own = await stack.enter_async_context(connected(nats_server))
            await stack.enter_async_context(running(own, actor))
        for number in range(100):
            await come(nats_client, f"guest{number % 7}", number)

        async def all_came() -> bool:
            return sum(len(actor.came) for actor in actors) >= 100

        await until(all_came)
    assert sorted(number for actor in actors for _, number in actor.came) == list(range(100))


async def test_the_events_of_one_entity_are_handled_in_order(nats_client: Nats) -> None:
    for number in range(60):
        await come(nats_client, "ann" if number % 2 else "ben", number)
    actor = Greeter()
    async with running(nats_client, actor):

        async def all_came() -> bool:
            return len(actor.came) == 60

        await until(all_came)
    for guest, numbers in (("ann", list(range(1, 60, 2))), ("ben", list(range(0, 60, 2)))):
        assert [number for who, number in actor.came if who == guest] == numbers
    assert actor.most_together == 1


async def test_an_event_that_could_not_be_handled_comes_again(nats_client: Nats) -> None:
    actor = Greeter()
    actor.failures = [ConnectionError("not now")]
    await come(nats_client, "ann", 1)
    async with running(nats_client, actor):

        async def came() -> bool:
            return actor.came == [("ann", 1)]

        await until(came)
    assert not actor.failures


async def test_events_said_while_nobody_listened_are_heard(nats_client: Nats) -> None:
    async with running(nats_client, Greeter()):
        pass
    await come(nats_client, "ann", 1)
    actor = Greeter()
    async with running(nats_client, actor):

        async def came() -> bool:
            return actor.came == [("ann", 1)]

        await until(came)


async def test_a_timer_goes_on_after_a_failure(nats_client: Nats) -> None:
    actor = Greeter()
    async with running(nats_client, actor):

        async def ticked() -> bool:
            return actor.ticks >= 3

        await until(ticked)


async def test_who_leaves_finishes_what_it_has(nats_client: Nats, client: Client) -> None:
    actor = Greeter()
    async with running(nats_client, actor):
        held = asyncio.create_task(client.ask(HoldGreeting("ann")))
        await actor.holding.wait()
        asyncio.get_running_loop().call_later(0.2, actor.let_go.set)
    assert (await held).words == "held"
    with pytest.raises(Unavailable, match="Nobody is there"):
        await client.ask(SayGreeting("ann"), patient=False)


@pytest.mark.usefixtures("greeter")
async def test_it_is_an_ordinary_nats_service(nats_client: Nats, client: Client) -> None:
    for _ in range(3):
        await client.ask(SayGreeting("ann"))
    ((ping,), (info,), (statistics,)) = [await of_service(nats_client, what) for what in ("PING", "INFO", "STATS")]
    assert ping["type"] == "io.nats.micro.v1.ping_response"
    assert (info["name"], info["description"]) == ("greeting", "Greets.")
    offered = {endpoint["subject"]: endpoint["queue_group"] for endpoint in info["endpoints"]}
    assert offered[commands.of(SayGreeting)] == "greeting"
    again = dead_letters.again("greeting")
    assert set(offered) == {commands.of(said) for said in Greeter.routes.requests} | {again}
    assert {e["subject"]: e["metadata"] for e in info["endpoints"]}[again] == {"events": events.every(GuestCame)}
    counts = {endpoint["subject"]: endpoint["num_requests"] for endpoint in statistics["endpoints"]}
    assert counts[commands.of(SayGreeting)] == 3


async def test_every_instance_answers_for_itself(nats_server: NatsServer, nats_client: Nats) -> None:
    async with connected(nats_server) as other, running(nats_client, Greeter()), running(other, Greeter()):
        found = await of_service(nats_client, "PING", answers=2)
    assert len({ping["id"] for ping in found}) == 2
