"""Every entity has one process at a time, and nothing that happened is passed over when it gets another one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client as Nats

from actors.jetstream.tasks import ended
from actors.runtime import partition
from actors.runtime.actor import running
from actors.runtime.client import Client
from actors.runtime.partition import PARTITIONS, Partitions, Share, meant_for, next_share
from subjects import events
from subjects.buckets import SHARES
from tests.actors.runtime.greeting import Greeter, GuestCame, HoldGreeting, SayGreeting
from tests.servers import NatsServer, connected, until

MEMBERS = ("ann", "ben", "cat", "dan")


class Story:
    """Processes that beat, die and leave in some order; each knows who is dead as soon as it beats."""

    def __init__(self) -> None:
        self.share = Share()
        self.alive: set[str] = set()
        self.handled: dict[str, dict[int, int]] = {}
        self.clock = 0

    def step(self, member: str, what: str, busy: frozenset[int]) -> None:
        before = self.share
        self.clock += 1
        if what == "die":
            self.alive.discard(member)
            return
        if what == "leave" and member not in self.alive:
            return
        dead = set(before.beats) - self.alive - {member}
        mine = {p: self.clock for p, owner in enumerate(before.owners) if owner == member and member in self.alive}
        self.alive.add(member)
        self.share = next_share(before, member, dead, mine, busy, leaving=what == "leave")
        if what == "leave":
            self.alive.discard(member)
        for number, (was, now) in enumerate(zip(before.owners, self.share.owners, strict=True)):
            if was != now:
                assert was in {member, ""} | dead  # nobody takes what a live process has
                assert number not in busy or was != member or what == "leave"
            assert self.share.positions[number] >= before.positions[number]
            assert now == "" or now in self.share.beats


@given(
    st.lists(
        st.tuples(
            st.sampled_from(MEMBERS),
            st.sampled_from(["beat", "beat", "beat", "die", "leave"]),
            st.frozensets(st.integers(0, PARTITIONS - 1), max_size=5),
        ),
        max_size=40,
    )
)
def test_whatever_happens_nobody_takes_what_a_live_process_has(steps: list[tuple[str, str, frozenset[int]]]) -> None:
    story = Story()
    for step in steps:
        story.step(*step)
    story.step("ann", "beat", frozenset())
    for _ in range(2):  # once it is quiet, two beats of each are enough
        for member in sorted(story.alive):
            story.step(member, "beat", frozenset())
    assert list(story.share.owners) == [meant_for(number, story.alive) for number in range(PARTITIONS)]


def test_each_has_about_the_same_share() -> None:
    for count in (2, 3, 4):
        owners = [meant_for(number, MEMBERS[:count]) for number in range(PARTITIONS)]
        assert min(owners.count(member) for member in MEMBERS[:count]) >= PARTITIONS / count / 3


def test_who_comes_takes_only_what_is_to_be_his() -> None:
    before = [meant_for(number, MEMBERS[:3]) for number in range(PARTITIONS)]
    after = [meant_for(number, MEMBERS) for number in range(PARTITIONS)]
    assert {new for old, new in zip(before, after, strict=True) if old != new} == {"dan"}


# --- on a real server -------------------------------------------------------------------------------------------------


async def share_of(nats: Nats) -> Share:
    bucket = await nats.jetstream().key_value(SHARES.name)
    return msgspec.json.decode((await bucket.get("greeting")).value or b"", type=Share)


async def come(nats: Nats, first: int, last: int) -> None:
    for number in range(first, last):
        guest = f"guest{number % 17}"
        await nats.jetstream().publish(events.of(GuestCame, guest), msgspec.json.encode(GuestCame(guest, number)))


async def until_all_came(actors: list[Greeter], last: int) -> None:
    async def all_came() -> bool:
        return {number for actor in actors for _, number in actor.came} == set(range(last))

    await until(all_came)


async def until_shared(nats: Nats, count: int) -> None:
    async def shared() -> bool:
        share = await share_of(nats)
        return len(share.beats) == len(set(share.owners)) == count

    await until(shared)


def in_order(actor: Greeter) -> bool:
    by_guest: dict[str, list[int]] = {}
    for guest, number in actor.came:
        by_guest.setdefault(guest, []).append(number)
    return all(one < two for numbers in by_guest.values() for one, two in pairwise(numbers))


@asynccontextmanager
async def process(server: NatsServer, actor: Greeter) -> AsyncIterator[Nats]:
    async with connected(server) as own, running(own, actor):
        yield own


async def test_who_leaves_hands_over_at_once_and_nothing_is_handled_twice(
    nats_server: NatsServer, nats_client: Nats
) -> None:
    one, two = Greeter("one"), Greeter("two")
    async with process(nats_server, one):
        async with process(nats_server, two):
            await until_shared(nats_client, 2)
            await come(nats_client, 0, 100)
            await until_all_came([one, two], 100)
        assert set((await share_of(nats_client)).owners) <= set((await share_of(nats_client)).beats)
        await come(nats_client, 100, 200)
        await until_all_came([one, two], 200)
    assert sorted(number for actor in (one, two) for _, number in actor.came) == list(range(200))
    assert in_order(one)
    assert in_order(two)


async def test_while_who_leaves_still_handles_an_entity_nobody_else_does(
    nats_server: NatsServer, nats_client: Nats
) -> None:
    leaving, other = Greeter("leaving"), Greeter("other")
    ask = Client(nats_client).ask
    async with process(nats_server, other):
        stop = asyncio.Event()
        stays = asyncio.create_task(_until(stop, nats_server, leaving))
        await until_shared(nats_client, 2)
        guest = [g for g in map(str, range(20)) if (await ask(SayGreeting(g))).by == "leaving"][0]  # noqa: RUF015
        held = asyncio.create_task(ask(HoldGreeting(guest)))
        await leaving.holding.wait()
        stop.set()
        await asyncio.sleep(0.5)
        waiting = asyncio.create_task(ask(SayGreeting(guest)))
        await asyncio.sleep(2)  # long enough for others to think it dead, if it said nothing
        assert not waiting.done()
        leaving.let_go.set()
        assert (await held).by == "leaving"
        assert (await waiting).by == "leaving"
        await stays
        assert (await ask(SayGreeting(guest))).by == "other"


async def test_what_a_killed_process_had_is_taken_over_from_where_it_was(
    nats_server: NatsServer, nats_client: Nats
) -> None:
    one, two = Greeter("one"), Greeter("two")
    loop = asyncio.get_running_loop()
    async with process(nats_server, one):
        dying = asyncio.create_task(_until_killed(nats_server, two))
        await until_shared(nats_client, 2)
        await come(nats_client, 0, 100)
        await until_all_came([one, two], 100)
        killed_at = loop.time()
        dying.cancel()
        await come(nats_client, 100, 200)
        await until_all_came([one, two], 200)
        assert loop.time() - killed_at < 10
    assert in_order(one)
    await asyncio.wait([dying])


async def _until(stop: asyncio.Event, server: NatsServer, actor: Greeter) -> None:
    async with process(server, actor):
        await stop.wait()


async def _until_killed(server: NatsServer, actor: Greeter) -> None:
    """What a kill leaves: a connection that is gone without a word."""
    async with connected(server) as own:
        try:
            async with running(own, actor):
                await asyncio.Event().wait()
        finally:
            await own.close()


async def test_a_process_that_hangs_loses_its_share_and_comes_back_for_it(
    nats_server: NatsServer, nats_client: Nats
) -> None:
    one, two = Greeter("one"), Greeter("two")
    async with process(nats_server, one), process(nats_server, two) as hanging:
        await until_shared(nats_client, 2)
        transport = hanging._transport
        assert transport
        reading, writing = hanging._reading_task, hanging._flusher_task
        assert reading
        assert writing
        for task in (reading, writing):
            task.cancel()  # neither hears nor speaks, and its connection stands
        await come(nats_client, 0, 100)
        await until_all_came([one], 100)
        assert in_order(one)


async def test_a_beat_that_takes_long_ends_nothing_that_stays_ours(
    nats_client: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    partitions = Partitions(nats_client, "greeting", "me", set)
    await partitions.beat()
    handling = partitions.mine()[0].pending[1] = asyncio.create_task(asyncio.sleep(60))
    monkeypatch.setattr(partition, "LEASE_S", partition.BEAT_S)
    await partitions.beat()
    await asyncio.sleep(0)
    assert not partitions.mine()  # nothing more is begun until the next one
    assert not handling.done()
    await ended([handling])


async def test_a_new_process_takes_over_at_once_what_a_killed_one_had(
    nats_server: NatsServer, nats_client: Nats
) -> None:
    dying = asyncio.create_task(_until_killed(nats_server, Greeter("dead")))
    await until_shared_by_one(nats_client)
    dying.cancel()
    await asyncio.wait([dying])
    began = asyncio.get_running_loop().time()
    actor = Greeter("next")
    async with process(nats_server, actor):
        await come(nats_client, 0, 20)
        await until_all_came([actor], 20)
        assert asyncio.get_running_loop().time() - began < partition.LEASE_S


async def until_shared_by_one(nats: Nats) -> None:
    async def shared() -> bool:
        try:
            return all((await share_of(nats)).owners)
        except Exception:  # noqa: BLE001  not there yet
            return False

    await until(shared)


async def test_a_message_for_an_entity_whose_owner_is_gone_is_handled_here(
    nats_client: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Partitions, "other_owner", lambda *_: "elsewhere")
    async with running(nats_client, Greeter("here")):
        assert (await Client(nats_client).ask(SayGreeting("ann", "hi"))).by == "here"
