"""Work is done once by whoever is free, also when the first one dies over it."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from msgspec import structs
from nats.aio.client import Client as Nats

from actors.runtime import dispatch, metrics, outcome
from actors.runtime.actor import running
from actors.runtime.jobs import put
from schemas.envelope import Caller
from subjects import consumers, dead_letters
from subjects.streams import DLQ, JOBS
from tests.actors.runtime.greeting import Greeter, WashUp
from tests.servers import NatsServer, connected, until


async def waiting(nats: Nats) -> int:
    return (await nats.jetstream().stream_info(JOBS.name)).state.messages


async def until_done(nats: Nats) -> None:
    async def done() -> bool:
        return await waiting(nats) == 0

    await until(done)


async def test_a_job_is_done_and_gone(nats_client: Nats) -> None:
    actor = Greeter()
    await put(nats_client, WashUp("cup"))
    async with running(nats_client, actor):
        await put(nats_client, WashUp("plate"))
        await until_done(nats_client)
    assert sorted(actor.washed) == ["cup", "plate"]


async def test_a_job_that_is_put_twice_under_one_id_is_done_once(nats_client: Nats) -> None:
    for _ in range(2):
        await put(nats_client, WashUp("cup"), Caller(command_id="once"))
    assert await waiting(nats_client) == 1


async def test_workers_share_the_jobs_and_take_no_more_than_they_can(nats_server: NatsServer) -> None:
    actors = [Greeter("one"), Greeter("two")]
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(connected(nats_server))
        for actor in actors:
            own = await stack.enter_async_context(connected(nats_server))
            await stack.enter_async_context(running(own, actor))
        for _ in range(3):  # one of them has two, and the other one
            await put(client, WashUp("the-pan"))

        async def all_begun() -> bool:
            return sum(actor.breaks.get("the-pan", 0) for actor in actors) == 3

        await until(all_begun)
        assert {actor.breaks["the-pan"] for actor in actors} <= {1, 2}
        await put(client, WashUp("cup"))
        await put(client, WashUp("plate"))
        busy = next(actor for actor in actors if actor.breaks["the-pan"] == 2)
        free = next(actor for actor in actors if actor is not busy)

        async def washed() -> bool:
            return sorted(free.washed) == ["cup", "plate"]

        await until(washed)
        for actor in actors:
            actor.held_jobs.set()
        await until_done(client)


async def test_a_job_that_breaks_is_tried_again_then_given_up(
    nats_client: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(dispatch, "ATTEMPTS", 4)
    actor = Greeter()
    async with running(nats_client, actor):
        await put(nats_client, WashUp("cup", breaks=2))
        await put(nats_client, WashUp("glass", breaks=99))
        await until_done(nats_client)
    assert actor.washed == ["cup"]
    assert actor.breaks == {"cup": 3, "glass": 4}
    found = await nats_client.jetstream().get_last_msg(DLQ.name, dead_letters.of(JOBS.name, "job-wash_up"))
    assert b"glass" in (found.data or b"")


async def test_a_long_job_is_given_to_nobody_else_a_dead_ones_is(
    nats_server: NatsServer, nats_client: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_job = consumers.of_job
    monkeypatch.setattr(consumers, "of_job", lambda said: structs.replace(of_job(said), ack_wait_s=1.0))
    first, second = Greeter("one"), Greeter("two")
    async with connected(nats_server) as own:
        dying = asyncio.create_task(_run(own, first))
        await put(nats_client, WashUp("the-pan"))

        async def begun() -> bool:
            return first.breaks.get("the-pan") == 1

        await until(begun)
        async with running(nats_client, second):
            await asyncio.sleep(2.5)
            assert second.breaks == {}
            await own.close()  # as a process that was killed
            second.held_jobs.set()
            await until_done(nats_client)
            assert second.washed == ["the-pan"]
        dying.cancel()
        await asyncio.wait([dying])


async def _run(nats: Nats, actor: Greeter) -> None:
    async with running(nats, actor):
        await asyncio.Event().wait()


async def test_every_attempt_is_counted_by_its_end(nats_client: Nats, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcome, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(dispatch, "ATTEMPTS", 3)
    before = metrics.jobs.copy()
    async with running(nats_client, Greeter()):
        await put(nats_client, WashUp("cup", breaks=1))
        await put(nats_client, WashUp("vase", breaks=100))
        await until_done(nats_client)
    counted = metrics.jobs - before
    assert counted == {("wash_up", "completed"): 1, ("wash_up", "retried"): 3, ("wash_up", "failed"): 1}
