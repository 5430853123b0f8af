"""The Redis that all processes share: caches, limits, presence. It may be away: whoever asks it can do without."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import TYPE_CHECKING, Final, TypeVar

from actors.outside.guard import Guard
from schemas.errors import Unavailable

if TYPE_CHECKING:
    from redis.asyncio import Redis

T = TypeVar("T")
ANSWER_S: Final = 0.25
MOST_CONNECTIONS: Final = 16


class SharedRedis:
    """The Redis at `url`; empty: none. Nobody waits longer than `ANSWER_S`; a silent one is left alone for a while.

    Whoever makes it connects it, and closes it.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: Redis | None = None

    async def connect(self) -> None:
        """Load the client, beside other work: that takes a third of a second, and a gateway is back sooner without."""
        if not self._url:
            return
        redis = await asyncio.to_thread(import_module, "redis.asyncio")
        self._guard = Guard("Redis", (OSError, redis.RedisError), timeout_s=ANSWER_S, attempts=1, failures=1)
        never = import_module("redis.asyncio.retry").Retry(import_module("redis.backoff").NoBackoff(), 0)
        pool = redis.BlockingConnectionPool.from_url(
            self._url, max_connections=MOST_CONNECTIONS, timeout=ANSWER_S, retry=never
        )
        self._client = redis.Redis.from_pool(pool)

    async def __call__(self, call: Callable[["Redis"], Awaitable[T]]) -> T:
        """What `call` gives. Raises Unavailable."""
        client = self._client
        if client is None:
            raise Unavailable("Redis is not connected.")
        return await self._guard(lambda: call(client))

    async def check(self) -> str:
        """Says "ok", or why not."""
        try:
            await self(lambda client: client.ping())
        except Unavailable as error:
            return str(error)
        return "ok"

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client:
            await client.aclose()


ABSENT: Final = SharedRedis("")
"""For whoever does without."""
