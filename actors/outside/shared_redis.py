"""The Redis that all processes share: caches, limits, presence. It may be away: whoever asks it can do without."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from actors.outside.guard import Guard
from schemas.errors import Unavailable

T = TypeVar("T")
ANSWER_S: Final = 0.25
MOST_CONNECTIONS: Final = 16


class SharedRedis:
    """The Redis at `url`; empty: none. Nobody waits longer than `ANSWER_S`; a silent one is left alone for a while.

    Connects when it is asked; whoever makes it closes it.
    """

    def __init__(self, url: str) -> None:
        self._client: Redis | None = None
        self._guard = Guard("Redis", (OSError, RedisError), timeout_s=ANSWER_S, attempts=1, failures=1)
        if url:
            pool = BlockingConnectionPool.from_url(
                url, max_connections=MOST_CONNECTIONS, timeout=ANSWER_S, retry=Retry(NoBackoff(), 0)
            )
            self._client = Redis.from_pool(pool)

    async def __call__(self, call: Callable[[Redis], Awaitable[T]]) -> T:
        """What `call` gives. Raises Unavailable."""
        client = self._client
        if client is None:
            raise Unavailable("There is no Redis.")
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
