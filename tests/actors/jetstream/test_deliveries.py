import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
from nats.aio.client import Client

from actors.jetstream import deliveries as module
from actors.jetstream.deliveries import Deliveries
from schemas.ids import new_id
from subjects.consumers import ARCHIVER
from tests.actors.media_given import NatsServer, Source, connected, provision, until


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    async with NatsServer(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def client(server: NatsServer) -> AsyncIterator[Client]:
    async with connected(server) as client:
        await provision(client)
        yield client


async def test_a_message_is_handed_over_when_it_comes(client: Client) -> None:
    source = Source(client, new_id())
    async with aclosing(Deliveries(client, ARCHIVER)) as deliveries:
        for part in range(5):
            waiting = asyncio.create_task(deliveries.fetch(5.0))
            await asyncio.sleep(0)
            began = time.monotonic()
            await source.part(0, part)
            assert len(await waiting) == 1
            assert time.monotonic() - began < 0.5


async def test_what_came_together_is_handed_over_together(client: Client) -> None:
    await Source(client, new_id()).segments(0, 9)
    async with aclosing(Deliveries(client, ARCHIVER, batch=16)) as deliveries:
        found = [len(await deliveries.fetch(5.0)) for _ in range(4)]
    assert sum(found) >= 48


async def test_no_more_than_a_batch_is_handed_over_when_a_pull_was_renewed(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.05)
    source = Source(client, new_id())
    async with aclosing(Deliveries(client, ARCHIVER, batch=1)) as deliveries:
        assert await deliveries.fetch(0.2) == []
        for part in range(3):
            await source.part(0, part)
        await client.flush()
        assert [len(await deliveries.fetch(5.0)) for _ in range(3)] == [1, 1, 1]


async def test_nothing_comes_when_there_is_nothing(client: Client) -> None:
    async with aclosing(Deliveries(client, ARCHIVER)) as deliveries:
        assert await deliveries.fetch(0.2) == []


async def test_what_was_not_fetched_is_handed_back_at_once(client: Client) -> None:
    source = Source(client, new_id())
    async with aclosing(Deliveries(client, ARCHIVER)) as leaving:
        await leaving.fetch(0.1)
        await source.segments(0, 4)
        await client.flush()
    async with aclosing(Deliveries(client, ARCHIVER)) as staying:
        found = 0
        async with asyncio.timeout(5.0):
            while found < 30:
                found += len(await staying.fetch(1.0))


async def test_the_pull_is_renewed_when_the_server_comes_back(server: NatsServer, client: Client) -> None:
    source = Source(client, new_id())
    async with aclosing(Deliveries(client, ARCHIVER)) as deliveries:
        await source.part(0, 0)
        (first,) = await deliveries.fetch(5.0)
        await first.ack_sync()
        await server.__aexit__(None, None, None)
        await server.__aenter__()
        await until(lambda: _is_connected(client))
        await source.part(0, 1)
        async with asyncio.timeout(10.0):
            while not await deliveries.fetch(1.0):
                pass


async def _is_connected(client: Client) -> bool:
    return client.is_connected
