"""A service can be handed an event once more, by a person who has mended what it failed on."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import msgspec
import pytest
from nats.aio.client import Client as Nats
from nats.aio.msg import Msg

from actors.runtime.actor import running
from actors.runtime.partition import of
from schemas.errors import Conflict
from schemas.recording import RecordingStarted
from subjects import dead_letters, events
from subjects.streams import DLQ
from tests.actors.runtime.greeting import Greeter, GuestCame
from tests.actors.runtime.test_partition import share_of
from tests.servers import NatsServer, connected, until


@pytest.fixture
async def greeter(nats_client: Nats) -> AsyncIterator[Greeter]:
    actor = Greeter()
    async with running(nats_client, actor):
        yield actor


async def come(nats: Nats, guest: str, number: int) -> int:
    body = msgspec.json.encode(GuestCame(guest, number))
    return (await nats.jetstream().publish(events.of(GuestCame, guest), body)).seq


async def again(nats: Nats, sequence: int) -> Msg:
    return await nats.request(dead_letters.again("greeting"), str(sequence).encode(), timeout=5)


def error(message: Msg) -> tuple[str, str]:
    headers = message.headers or {}
    return headers.get("Nats-Service-Error-Code", ""), headers.get("Nats-Service-Error", "")


async def until_came(actor: Greeter, count: int) -> None:
    async def came() -> bool:
        return len(actor.came) >= count

    await until(came)


async def test_an_event_is_handled_once_more(nats_client: Nats, greeter: Greeter) -> None:
    sequence = await come(nats_client, "ann", 1)
    await until_came(greeter, 1)
    assert error(await again(nats_client, sequence)) == ("", "")
    assert greeter.came == [("ann", 1), ("ann", 1)]


async def test_why_it_fails_is_told_and_it_is_not_buried_again(nats_client: Nats, greeter: Greeter) -> None:
    sequence = await come(nats_client, "ann", 1)
    await until_came(greeter, 1)
    greeter.poison = ("ann", 1)
    assert error(await again(nats_client, sequence)) == ("internal", "ZeroDivisionError('poison')")
    greeter.failures = [Conflict("not now")]
    assert error(await again(nats_client, sequence)) == ("conflict", "not now")
    assert (await nats_client.jetstream().stream_info(DLQ.name)).state.messages == 0


@pytest.mark.usefixtures("greeter")
async def test_what_it_does_not_handle_is_an_error(nats_client: Nats) -> None:
    other = (await nats_client.jetstream().publish(events.of(RecordingStarted, "ann"), b"{}")).seq
    assert error(await again(nats_client, other))[0]
    assert error(await again(nats_client, other + 1))[0]


async def test_whoever_is_asked_it_is_handled_where_its_entity_is(nats_server: NatsServer, nats_client: Nats) -> None:
    actors = [Greeter("one"), Greeter("two")]
    async with AsyncExitStack() as stack:
        for actor in actors:
            own = await stack.enter_async_context(connected(nats_server))
            await stack.enter_async_context(running(own, actor))

        async def is_shared_out() -> bool:
            return len(set((await share_of(nats_client)).owners)) == 2

        await until(is_shared_out)
        sequence = await come(nats_client, "ann", 1)

        async def came() -> bool:
            return any(actor.came for actor in actors)

        await until(came)
        owner = next(actor for actor in actors if actor.came)
        for _ in range(10):
            assert error(await again(nats_client, sequence)) == ("", "")
        assert len(owner.came) == 11
        owner.failures = [ZeroDivisionError("how")] * 10
        for _ in range(10):
            assert error(await again(nats_client, sequence)) == ("internal", "ZeroDivisionError('how')")
        assert (await share_of(nats_client)).owners[of("ann")] != ""
