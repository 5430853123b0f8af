import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from nats.aio.client import Client as Nats

from actors.jetstream import direct_get
from actors.recording import decider
from actors.sourcing.snapshots import Known, Snapshots
from actors.sourcing.store import EventStore, Overtaken
from schemas.envelope import Caller, meta_from_headers
from schemas.errors import Conflict, Unavailable
from schemas.ids import UserId
from subjects import events
from subjects.buckets import SNAPSHOTS
from subjects.streams import EVENTS
from tests.actors.recording.said import ID, PAUSED, PREPARED, RESUMED, STARTED, STOPPED
from tests.replicas import Replica
from tests.servers import NatsServer, connected

CALLER = Caller(UserId("ann"), correlation_id="request-1")


def store(nats: Nats, kind: type[EventStore[Any]] = EventStore) -> EventStore[Any]:
    snapshots = Snapshots(nats, decider.State, decider.evolve)
    return kind(nats, "recording", decider.Absent(), decider.evolve, snapshots)


def start() -> decider.State:
    return decider.evolve(decider.evolve(decider.Absent(), PREPARED), STARTED)


async def test_what_was_said_is_there_for_everybody(nats_client: Nats) -> None:
    one, other = store(nats_client), store(nats_client)
    said = await one.append(ID, [PREPARED, STARTED], 0, CALLER)
    assert isinstance(said, decider.Recording)
    assert await other.load(ID) == Known(said, 2)


async def test_what_nobody_spoke_of_is_at_its_beginning(nats_client: Nats) -> None:
    assert await store(nats_client).load(ID) == Known(decider.Absent())


async def test_of_two_who_decide_at_the_same_moment_one_is_overtaken(nats_client: Nats) -> None:
    one, other = store(nats_client), store(nats_client)
    await one.append(ID, [PREPARED, STARTED], 0, CALLER)
    here, there = await asyncio.gather(one.load(ID), other.load(ID))
    ended = await asyncio.gather(
        one.append(ID, [STOPPED], here.sequence, CALLER),
        other.append(ID, [PAUSED], there.sequence, CALLER),
        return_exceptions=True,
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
    known = await other.load(ID)
    assert isinstance(known.state, decider.Recording)
    assert known.sequence == 2


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
    assert entry.headers["Loom-Schema-Version"] == "1"


async def test_an_event_is_a_cloud_event(nats_client: Nats) -> None:
    await store(nats_client).append(ID, [PREPARED], 0, CALLER)
    (entry,) = await direct_get.batch(nats_client, EVENTS.name, events.entity("recording", ID), 1)
    said = {name.removeprefix("ce-"): value for name, value in entry.headers.items() if name.startswith("ce-")}
    assert datetime.fromisoformat(said.pop("time")).tzinfo
    assert said.pop("id") == entry.headers["Nats-Msg-Id"]
    assert said == {
        "specversion": "1.0",
        "source": "/loom/recording",
        "type": "loom.recording.prepared",
        "subject": ID,
    }
    assert entry.headers["content-type"] == "application/json"


async def test_of_several_events_all_are_said_or_none(nats_client: Nats) -> None:
    one = store(nats_client)
    await one.append(ID, [PREPARED], 0, CALLER)
    with pytest.raises(Overtaken):
        await one.append(ID, [STARTED, PAUSED, RESUMED], 7, CALLER)
    assert (await one.load(ID)).sequence == 1
    await one.append(ID, [STARTED, PAUSED, RESUMED], 1, CALLER)
    assert await store(nats_client).load(ID) == Known(decider.evolve(decider.evolve(start(), PAUSED), RESUMED), 4)


async def test_a_command_that_is_sent_again_has_no_further_effect(nats_client: Nats) -> None:
    one = store(nats_client)
    await one.append(ID, [PREPARED, STARTED], 0, CALLER)
    once = Caller(command_id="pause-1")
    for attempt in (one, store(nats_client), one):
        assert isinstance(await attempt.decide(ID, once, lambda _: [PAUSED, RESUMED]), decider.Recording)
    twice = Caller(command_id="pause-2")
    for attempt in (one, store(nats_client)):
        assert isinstance(await attempt.decide(ID, twice, lambda _: [PAUSED]), decider.Paused)
    assert (await one.load(ID)).sequence == 5


async def test_a_command_that_is_sent_again_long_after_has_no_further_effect(nats_client: Nats) -> None:
    stream = (await nats_client.jetstream().stream_info(EVENTS.name)).config
    await nats_client.jetstream().update_stream(stream.evolve(duplicate_window=0.1))
    await store(nats_client).append(ID, [PREPARED, STARTED], 0, CALLER)
    once = Caller(command_id="pause-1")
    await store(nats_client).decide(ID, once, lambda _: [PAUSED])
    await store(nats_client).decide(ID, Caller(command_id="resume-1"), lambda _: [RESUMED])
    await asyncio.sleep(0.3)
    assert isinstance(await store(nats_client).decide(ID, once, lambda _: [PAUSED]), decider.Recording)


async def test_what_was_cached_refuses_nobody(nats_client: Nats) -> None:
    one, other = store(nats_client), store(nats_client)
    await one.append(ID, [PREPARED, STARTED, PAUSED], 0, CALLER)
    await other.decide(ID, CALLER, lambda _: [RESUMED])

    def choose(state: decider.State) -> list[Any]:
        if isinstance(state, decider.Paused):
            raise Conflict("it is paused")
        return [PAUSED]

    assert isinstance(await one.decide(ID, CALLER, choose), decider.Paused)
    with pytest.raises(Conflict):
        await one.decide(ID, CALLER, choose)


async def test_a_replica_that_is_behind_refuses_nobody(nats_client: Nats, replica: Replica) -> None:
    await store(nats_client).append(ID, [PREPARED, STARTED, PAUSED], 0, CALLER)

    def choose(state: decider.State) -> list[Any]:
        if not isinstance(state, decider.Paused):
            raise Conflict("it is not paused")
        return [RESUMED]

    replica.falls_behind(EVENTS, at=3)
    assert isinstance(await store(nats_client).decide(ID, CALLER, choose), decider.Recording)
    assert replica.times == 0


async def test_a_replica_that_is_behind_does_not_say_that_nothing_is_to_be_done(
    nats_client: Nats, replica: Replica
) -> None:
    await store(nats_client).append(ID, [PREPARED, STARTED, PAUSED], 0, CALLER)
    replica.falls_behind(EVENTS, at=3)
    after = await store(nats_client).decide(
        ID, CALLER, lambda state: [RESUMED] if isinstance(state, decider.Paused) else []
    )
    assert (isinstance(after, decider.Recording), replica.times) == (True, 0)
    assert (await store(nats_client).load(ID)).sequence == 4


async def test_a_replica_that_stays_behind_is_unavailable(nats_client: Nats, replica: Replica) -> None:
    await store(nats_client).append(ID, [PREPARED, STARTED], 0, CALLER)
    replica.falls_behind(EVENTS, at=1, times=100)
    with pytest.raises(Unavailable):
        await store(nats_client).decide(ID, CALLER, lambda _: [])


async def test_what_follows_from_an_event_names_it_and_follows_once(nats_client: Nats) -> None:
    one = store(nats_client)
    await one.append(ID, [PREPARED], 0, CALLER)
    (entry,) = await direct_get.batch(nats_client, EVENTS.name, events.entity("recording", ID), 1)
    meta = meta_from_headers(entry.headers, entry.sequence)
    for _ in range(2):
        await one.decide(ID, meta.because("start"), lambda _: [STARTED])
    (_, following) = await direct_get.batch(nats_client, EVENTS.name, events.entity("recording", ID), 1)
    assert following.headers["Loom-Causation-Id"] == meta.id
    assert following.headers["Loom-Correlation-Id"] == "request-1"


async def test_a_long_story_is_summed_up(nats_client: Nats) -> None:
    one = store(nats_client)
    await one.append(ID, [PREPARED, STARTED], 0, CALLER)
    await one.append(ID, [PAUSED, RESUMED] * 200, 2, CALLER)
    written = await store(nats_client).load(ID)
    bucket = await nats_client.jetstream().key_value(SNAPSHOTS.name)
    assert '"sequence":402' in ((await bucket.get(f"recording.{ID}")).value or b"").decode()
    reads: list[int] = []

    class Counting(EventStore[Any]):
        def _after(self, page: Sequence[direct_get.Entry], known: Known[Any]) -> Known[Any]:
            reads.append(len(page))
            return super()._after(page, known)

    assert await store(nats_client, Counting).load(ID) == written
    assert reads == [256, 0]


async def test_a_sum_made_by_other_rules_or_broken_is_not_believed(nats_client: Nats) -> None:
    one = store(nats_client)
    await one.append(ID, [PREPARED, STARTED], 0, CALLER)
    await one.append(ID, [PAUSED, RESUMED] * 200, 2, CALLER)
    bucket = await nats_client.jetstream().key_value(SNAPSHOTS.name)
    for lie in (b'{"made_by":"other rules","known":{"sequence":402,"state":{"type":"Absent"}}}', b"{"):
        await bucket.put(f"recording.{ID}", lie)
        assert isinstance((await store(nats_client).load(ID)).state, decider.Recording)


async def test_a_store_that_is_away_is_unavailable(nats_server: NatsServer) -> None:
    async with connected(nats_server) as client:
        one = store(client)
        await one.append(ID, [PREPARED], 0, CALLER)
        await nats_server.__aexit__(None, None, None)
        with pytest.raises(Unavailable):
            await one.append(ID, [STARTED], 1, CALLER)
