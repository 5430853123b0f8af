import asyncio
from typing import Any

import pytest
from nats.aio.client import Client as Nats

from actors.recording import decider
from actors.runtime import direct_get
from actors.runtime.store import EventStore, Overtaken
from schemas.envelope import Caller
from schemas.errors import Unavailable
from schemas.ids import UserId
from subjects import events
from subjects.streams import EVENTS
from tests.actors.recording.said import ID, PAUSED, PREPARED, RESUMED, STARTED, STOPPED
from tests.servers import NatsServer, connected

CALLER = Caller(UserId("ann"), correlation_id="request-1")


def store(nats: Nats) -> EventStore[Any]:
    return EventStore(nats, "recording", decider.Absent(), decider.evolve)


async def test_what_was_said_is_there_for_everybody(nats_client: Nats) -> None:
    one, other = store(nats_client), store(nats_client)
    said = await one.append(ID, [PREPARED, STARTED], 0, CALLER)
    assert isinstance(said, decider.Recording)
    assert await other.load(ID) == (said, 2)


async def test_what_nobody_spoke_of_is_at_its_beginning(nats_client: Nats) -> None:
    assert await store(nats_client).load(ID) == (decider.Absent(), 0)


async def test_of_two_who_decide_at_the_same_moment_one_is_overtaken(nats_client: Nats) -> None:
    one, other = store(nats_client), store(nats_client)
    await one.append(ID, [PREPARED, STARTED], 0, CALLER)
    ((_, here), (_, there)) = await asyncio.gather(one.load(ID), other.load(ID))
    ended = await asyncio.gather(
        one.append(ID, [STOPPED], here, CALLER), other.append(ID, [PAUSED], there, CALLER), return_exceptions=True
    )
    assert [type(outcome) for outcome in ended].count(Overtaken) == 1
    assert (await one.load(ID)) == (await other.load(ID))


async def test_who_was_overtaken_sees_what_happened(nats_client: Nats) -> None:
    one, other = store(nats_client), store(nats_client)
    await one.append(ID, [PREPARED], 0, CALLER)
    await other.load(ID)
    await one.append(ID, [STARTED], 1, CALLER)
    with pytest.raises(Overtaken):
        await other.append(ID, [STARTED], 1, CALLER)
    state, sequence = await other.load(ID)
    assert isinstance(state, decider.Recording)
    assert sequence == 2


async def test_a_long_story_is_read_to_its_end(nats_client: Nats) -> None:
    one = store(nats_client)
    _, after = await one.append(ID, [PREPARED, STARTED], 0, CALLER), 2
    for _ in range(150):
        await one.append(ID, [PAUSED, RESUMED], after, CALLER)
        after += 2
    assert await store(nats_client).load(ID) == (await one.load(ID))
    assert after == 302


async def test_who_and_when_stand_beside_what(nats_client: Nats) -> None:
    await store(nats_client).append(ID, [PREPARED], 0, CALLER)
    (entry,) = await direct_get.batch(nats_client, EVENTS.name, events.entity("recording", ID), 1)
    assert entry.headers["Loom-User-Id"] == "ann"
    assert entry.headers["Loom-Correlation-Id"] == "request-1"
    assert {"Nats-Msg-Id", "Loom-Time", "Loom-Schema-Version"} <= set(entry.headers)


async def test_a_store_that_is_away_is_unavailable(nats_server: NatsServer) -> None:
    async with connected(nats_server) as client:
        one = store(client)
        await one.append(ID, [PREPARED], 0, CALLER)
        await nats_server.__aexit__(None, None, None)
        with pytest.raises(Unavailable):
            await one.append(ID, [STARTED], 1, CALLER)
