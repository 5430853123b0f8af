"""Three processes of a service under load; one is killed, one hangs, all are replaced: nothing is lost or done twice."""

import asyncio
import signal
from contextlib import AsyncExitStack

import pytest
from nats.aio.client import Client as Nats

from tests.counting import Load, process, story
from tests.servers import NatsServer, until

COUNTERS = 200
EACH = 50  # 10,000 commands, and as many events that are handled
RECOVERED_S = 10.0
HANGS_S = 20.0


async def until_all_is_heard(client: Nats, load: Load, deadline_s: float) -> None:
    async def heard() -> bool:
        for counter, count in load.acknowledged.items():
            if len(await story(client, f"echo-{counter}")) < count:
                return False
        return True

    await until(heard, deadline_s)


async def check(client: Nats, load: Load) -> None:
    """Every number once and in order, in both stories."""
    for counter, count in load.acknowledged.items():
        assert await story(client, counter) == list(range(count))
        assert await story(client, f"echo-{counter}") == list(range(count))


@pytest.mark.timeout(240)
async def test_one_killed_and_one_stopped_lose_nothing_and_do_nothing_twice(
    nats_server: NatsServer, nats_client: Nats
) -> None:
    loop = asyncio.get_running_loop()
    load = Load(nats_client, COUNTERS)
    async with AsyncExitStack() as stack:
        killed, stopped, _ = [await stack.enter_async_context(process(nats_server.url)) for _ in range(3)]
        sending = asyncio.create_task(load.send(EACH))
        await asyncio.wait([sending], timeout=3)
        killed.kill()
        stopped.send_signal(signal.SIGSTOP)
        hurt_at = loop.time()
        await sending
        await until_all_is_heard(nats_client, load, RECOVERED_S)
        await asyncio.sleep(max(0.0, HANGS_S - (loop.time() - hurt_at)))
        stopped.send_signal(signal.SIGCONT)
        await load.send(2)
        await until_all_is_heard(nats_client, load, RECOVERED_S)
        await asyncio.sleep(2)  # whatever the one that hung still wants to say
    await check(nats_client, load)
    assert load.slowest_s < 6  # nobody hangs beyond the deadline


@pytest.mark.timeout(120)
async def test_a_share_is_taken_over_within_ten_seconds(nats_server: NatsServer, nats_client: Nats) -> None:
    load = Load(nats_client, 50)
    async with AsyncExitStack() as stack:
        victims = [await stack.enter_async_context(process(nats_server.url)) for _ in range(3)]
        await load.send(5)
        for victim, number in zip(victims[:2], (signal.SIGKILL, signal.SIGSTOP), strict=True):
            victim.send_signal(number)
            began = asyncio.get_running_loop().time()
            await load.send(1)
            await until_all_is_heard(nats_client, load, RECOVERED_S)
            assert asyncio.get_running_loop().time() - began < RECOVERED_S
    await check(nats_client, load)


@pytest.mark.timeout(120)
async def test_a_new_version_is_rolled_out_process_by_process_without_a_failed_command(
    nats_server: NatsServer, nats_client: Nats
) -> None:
    load = Load(nats_client, 50)
    async with AsyncExitStack() as stack:
        old = [await stack.enter_async_context(process(nats_server.url)) for _ in range(2)]
        rolling = True

        async def send() -> None:
            while rolling:
                await load.send(1)

        sending = asyncio.create_task(send())
        for one in old:
            await stack.enter_async_context(process(nats_server.url))
            await asyncio.sleep(2)
            one.send_signal(signal.SIGTERM)
            await asyncio.to_thread(one.wait, 15)
            assert one.returncode == 0
        await asyncio.sleep(1)
        rolling = False
        await sending
        await until_all_is_heard(nats_client, load, RECOVERED_S)
    assert load.unavailable == 0
    await check(nats_client, load)
