"""A Redis that is away costs a quarter of a second, once; then it is left alone, and it comes back by itself."""

import asyncio
import time

import pytest

from actors.outside import guard
from actors.outside.shared_redis import ANSWER_S, MOST_CONNECTIONS, SharedRedis
from ops.connections import shared_redis
from schemas.errors import Unavailable
from tests.servers import RedisServer, until


async def answers(redis: SharedRedis) -> bool:
    return await redis.check() == "ok"


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "OPEN_S", 1.0)


async def test_one_that_hangs_is_waited_for_once(redis_server: RedisServer) -> None:
    async with shared_redis(redis_server.url) as redis:
        await until(lambda: answers(redis))
        with redis_server.hanging():
            began = time.monotonic()
            assert not await answers(redis)
            assert time.monotonic() - began == pytest.approx(ANSWER_S, abs=0.1)
            began = time.monotonic()
            for _ in range(100):
                assert not await answers(redis)
            assert time.monotonic() - began < 0.2
        await until(lambda: answers(redis))


async def test_one_that_was_killed_is_found_again(redis_server: RedisServer) -> None:
    async with shared_redis(redis_server.url) as redis:
        await until(lambda: answers(redis))
        redis_server.kill()
        assert not await answers(redis)
        redis_server.start()
        await until(lambda: answers(redis))
        await redis(lambda client: client.set("here", "again"))
        assert await redis(lambda client: client.get("here")) == b"again"


async def test_whoever_stops_waiting_says_nothing_about_it(redis_server: RedisServer) -> None:
    async with shared_redis(redis_server.url) as redis:
        await until(lambda: answers(redis))
        waiting = asyncio.create_task(redis(lambda client: client.blpop(["nothing"])))
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert await answers(redis)


async def test_many_who_ask_at_once_wait_for_a_connection(redis_server: RedisServer) -> None:
    async with shared_redis(redis_server.url) as redis:
        await until(lambda: answers(redis))
        found = await asyncio.gather(*(redis(lambda client: client.incr("times")) for _ in range(3 * MOST_CONNECTIONS)))
        assert sorted(found) == list(range(1, 3 * MOST_CONNECTIONS + 1))


async def test_where_none_is_configured_everybody_is_told_so() -> None:
    async with shared_redis("") as redis:
        with pytest.raises(Unavailable, match="no Redis"):
            await redis(lambda client: client.ping())
