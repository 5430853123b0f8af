"""How much one address may ask for: over all doors, and when it is refused it hears when to come again."""

from pathlib import Path

import aiohttp
import pytest
from nats.aio.client import Client as Nats

from actors.outside.shared_redis import ABSENT, SharedRedis
from gateways.api.limits import Quotas
from ops.connections import shared_redis
from tests.gateways.api.conftest import door, until_connected
from tests.gateways.api.test_recordings import BASE
from tests.servers import RedisServer

pytestmark = pytest.mark.usefixtures("service")
QUOTAS = Quotas(recordings=2, changes=3)


async def start(http: aiohttp.ClientSession, address: str = "198.51.100.7") -> aiohttp.ClientResponse:
    """Read, so that nothing is left of it but the head."""
    async with http.post(BASE, json={}, headers={"X-Forwarded-For": address}) as response:
        await response.read()
        return response


async def test_two_processes_count_together(nats_client: Nats, pages: Path, redis: SharedRedis, redis_url: str) -> None:
    async with (
        shared_redis(redis_url) as other,
        door(nats_client, pages, redis=redis, quotas=QUOTAS) as here,
        door(nats_client, pages, redis=other, quotas=QUOTAS) as there,
    ):
        await until_connected(other)
        assert [(await start(http)).status for http in (here, there, here, there)] == [201, 201, 429, 429]
        assert (await start(here, "203.0.113.9")).status == 201


async def test_a_refusal_says_why_and_when_to_come_again(nats_client: Nats, pages: Path, redis: SharedRedis) -> None:
    async with door(nats_client, pages, redis=redis, quotas=QUOTAS) as http:
        taken = await start(http)
        assert taken.headers["RateLimit-Policy"] == '"recordings";q=2;w=60'
        assert taken.headers["RateLimit"].startswith('"recordings";r=1;t=')
        await start(http)
        async with http.post(BASE, json={}, headers={"X-Forwarded-For": "198.51.100.7"}) as response:
            assert response.status == 429
            assert 0 < int(response.headers["Retry-After"]) <= 60
            assert response.headers["RateLimit"].startswith('"recordings";r=0;t=')
            assert response.content_type == "application/problem+json"
            problem = await response.json()
        assert problem["code"] == "too_many_requests"
        assert "2 recordings in a minute" in problem["detail"]


async def test_other_changes_are_counted_apart_and_reading_is_free(
    nats_client: Nats, pages: Path, redis: SharedRedis
) -> None:
    async with door(nats_client, pages, redis=redis, quotas=QUOTAS) as http:
        assert [(await start(http)).status for _ in range(3)] == [201, 201, 429]
        for expected in (400, 400, 400, 429):
            async with http.post(f"{BASE}/templates", json={}) as response:
                assert response.status == expected
        for _ in range(10):
            async with http.get(BASE) as response:
                assert response.status == 200


async def test_without_redis_each_process_counts_by_itself(nats_client: Nats, pages: Path) -> None:
    async with (
        door(nats_client, pages, redis=ABSENT, quotas=QUOTAS) as here,
        door(nats_client, pages, redis=ABSENT, quotas=QUOTAS) as there,
    ):
        assert [(await start(here)).status for _ in range(3)] == [201, 201, 429]
        assert [(await start(there)).status for _ in range(3)] == [201, 201, 429]


async def test_when_redis_is_killed_the_process_goes_on_counting(
    nats_client: Nats, pages: Path, redis_server: RedisServer
) -> None:
    async with (
        shared_redis(redis_server.url) as redis,
        door(nats_client, pages, redis=redis, quotas=QUOTAS) as http,
    ):
        await until_connected(redis)
        assert [(await start(http)).status for _ in range(3)] == [201, 201, 429]
        redis_server.kill()
        assert [(await start(http)).status for _ in range(3)] == [201, 201, 429]
