"""How many are watching: counted over all processes, told to whoever listens, nobody knows it without Redis."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from nats.aio.client import Client as Nats

from actors.outside import guard
from actors.outside.shared_redis import SharedRedis
from gateways.api import presence
from ops.connections import shared_redis
from subjects import redis_keys
from tests.gateways.api.conftest import door, until_connected
from tests.gateways.api.test_live import Listener
from tests.gateways.api.test_recordings import BASE, started
from tests.servers import RedisServer

pytestmark = pytest.mark.usefixtures("service")


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "REFRESH_S", 0.3)
    monkeypatch.setattr(presence, "TOGETHER_S", 0.02)
    monkeypatch.setattr(guard, "OPEN_S", 0.5)


@asynccontextmanager
async def listening(http: aiohttp.ClientSession, recording_id: str, viewer: str = "") -> AsyncIterator[Listener]:
    async with http.get(f"{BASE}/{recording_id}/events", params={"viewer": viewer}) as response:
        assert response.status == 200
        yield Listener(response)


async def until_told(listener: Listener, count: int | None) -> None:
    """Raises TimeoutError when it is never said."""
    async with asyncio.timeout(10):
        while await listener.event() != ("watched", {"count": count}):
            pass


@pytest.fixture
async def doors(
    nats_client: Nats, pages: Path, redis: SharedRedis, redis_url: str
) -> AsyncIterator[tuple[aiohttp.ClientSession, aiohttp.ClientSession]]:
    """Two processes, as far as they know."""
    async with (
        shared_redis(redis_url) as other,
        door(nats_client, pages, redis=redis) as here,
        door(nats_client, pages, redis=other) as there,
    ):
        await until_connected(other)
        yield here, there


async def test_viewers_of_two_processes_are_counted_together_and_forgotten_when_they_leave(doors: Any) -> None:
    here, there = doors
    view = await started(here)
    async with listening(here, view["id"]) as recorder:
        await until_told(recorder, 0)
        async with listening(here, view["id"], "one") as one:
            await until_told(recorder, 1)
            async with listening(there, view["id"], "other") as other:
                for listener in (recorder, one, other):
                    await until_told(listener, 2)
            await until_told(recorder, 1)
            await until_told(one, 1)
        await until_told(recorder, 0)


async def test_a_viewer_who_comes_again_is_counted_once(doors: Any) -> None:
    here, there = doors
    view = await started(here)
    async with listening(here, view["id"]) as recorder, listening(here, view["id"], "one"):
        await until_told(recorder, 1)
        async with (
            listening(there, view["id"], "one"),
            listening(here, view["id"], "one"),
            listening(here, view["id"], "other"),
        ):
            await until_told(recorder, 2)
        await until_told(recorder, 1)


async def test_who_stays_is_not_forgotten_and_the_viewers_of_a_killed_process_are(
    doors: Any, redis: SharedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "FORGOTTEN_S", 1.0)
    here, _ = doors
    view = await started(here)
    key = redis_keys.viewers(view["id"])
    await redis(lambda client: client.zadd(key, {"lost": time.time()}))
    async with listening(here, view["id"], "one") as listener:
        await until_told(listener, 2)
        await until_told(listener, 1)
        assert await redis(lambda client: client.zrange(key, 0, -1)) == [b"one"]


async def test_a_recording_is_not_watched_by_the_viewers_of_another(doors: Any) -> None:
    here, there = doors
    view, other = await started(here), await started(there)
    async with listening(here, view["id"], "one") as listener, listening(there, other["id"], "other") as elsewhere:
        await until_told(listener, 1)
        await until_told(elsewhere, 1)


async def test_nothing_is_kept_of_those_who_have_left(doors: Any, redis: SharedRedis) -> None:
    here, _ = doors
    view = await started(here)
    async with listening(here, view["id"]) as recorder:
        async with listening(here, view["id"], "one"):
            await until_told(recorder, 1)
        await until_told(recorder, 0)
    assert await redis(lambda client: client.exists(redis_keys.viewers(view["id"]))) == 0


@pytest.mark.parametrize("viewer", ["<b>", "x" * 65, "a b"])
async def test_a_name_is_a_word(doors: Any, viewer: str) -> None:
    here, _ = doors
    view = await started(here)
    async with here.get(f"{BASE}/{view['id']}/events", params={"viewer": viewer}) as response:
        assert response.status == 400


@pytest.mark.parametrize("how", ["killed", "hung"])
async def test_while_redis_is_away_nobody_knows_and_then_it_heals(
    nats_client: Nats, pages: Path, redis_server: RedisServer, how: str
) -> None:
    async with shared_redis(redis_server.url) as redis, door(nats_client, pages, redis=redis) as http:
        await until_connected(redis)
        view = await started(http)
        async with listening(http, view["id"], "one") as listener:
            await until_told(listener, 1)
            if how == "killed":
                redis_server.kill()
                await until_told(listener, None)
                redis_server.start()
            else:
                with redis_server.hanging():
                    await until_told(listener, None)
            await until_told(listener, 1)
