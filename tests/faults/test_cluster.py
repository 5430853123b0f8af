"""Three NATS servers: each is killed in turn under load; nothing that was acknowledged is lost, nobody waits for ever."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import nats.errors
import pytest
from nats.aio.client import Client as Nats
from nats.js.errors import Error as JetStreamError

from ops import settings
from ops.connections import operator
from ops.embedded.known import known
from ops.provision import provision
from tests.counting import Load, process
from tests.faults.test_workers import check, until_all_is_heard
from tests.product import product
from tests.servers import NatsCluster, connected, until
from tests.whip import flash_and_beep, persisting

RECOVERED_S = 20.0


async def until_together(client: Nats, nodes: int = 3) -> None:
    """Wait until every stream has a leader, and all others have what it has: then one may go."""

    async def are_together() -> bool:
        try:
            found = await client.jetstream().streams_info()
        except (nats.errors.Error, JetStreamError, TimeoutError):
            return False
        clusters = [stream.cluster for stream in found]
        return bool(clusters) and all(
            cluster and cluster.leader and [bool(one.current) for one in cluster.replicas or []] == [True] * (nodes - 1)
            for cluster in clusters
        )

    await until(are_together)


@pytest.mark.timeout(240)
async def test_each_node_killed_in_turn_under_load_loses_nothing(tmp_path: Path) -> None:
    async with NatsCluster(tmp_path) as cluster, connected(cluster) as client, AsyncExitStack() as stack:
        await provision(client, replicas=3)
        load = Load(client, 50)
        for _ in range(2):
            await stack.enter_async_context(process(cluster.url))
        goes_on = True

        async def send() -> None:
            while goes_on:
                await load.send(1)

        sending = asyncio.create_task(send())
        for number in range(3):
            await asyncio.sleep(2)
            await cluster.replace(number, away_s=4)
            await until_together(client)
        goes_on = False
        await sending
        await until_all_is_heard(client, load, RECOVERED_S)
        await check(client, load)
    assert min(load.acknowledged.values()) > 3
    assert load.slowest_s < 7


@pytest.mark.timeout(240)
async def test_with_one_setting_a_recording_goes_on_while_nodes_are_killed() -> None:
    async with product({"LOOM_NATS_NODES": "3"}) as running:
        started, read = await running.start("On three"), settings.read({"LOOM_DATA": str(running.data)})
        async with persisting(running, started, await flash_and_beep()):
            await running.until_playlist(started["id"], "#EXTINF")
            for number in (1, 2, 3):
                nodes = running.processes("nats-server")
                (victim,) = [node for node in nodes if node.cmdline()[4].endswith(f"-{number}")]
                victim.kill()
                await asyncio.sleep(3)
                async with operator(read.at(known(running.data).nats)) as client:
                    await until_together(client)

            async def is_ready() -> bool:
                async with running.http.get(f"{running.url}/health/ready") as response:
                    return response.status == 200

            await until(is_ready)
            await running.control(started["id"], "stop")
        view = await running.until(started["id"], "completed", deadline_s=40)
        assert view["duration_seconds"] > 14
