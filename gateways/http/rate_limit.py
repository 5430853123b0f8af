"""How much may one address ask for? So many requests a minute, counted over all processes, or by each for itself.

A sliding window (this minute, and the share of the one before that still lies within 60 s), kept in Redis; while that
is away, in the memory of the process. What is left is told as draft-ietf-httpapi-ratelimit-headers-10 has it.
"""

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from aiohttp import web
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from msgspec import Struct

from actors.outside.shared_redis import SharedRedis
from gateways.http.address import Proxies, client_address
from gateways.http.middleware import Handler
from gateways.http.problem import problem
from schemas.errors import Unavailable
from subjects import redis_keys

if TYPE_CHECKING:
    from redis.asyncio import Redis

WINDOW_S: Final = 60


class Policy(Struct, frozen=True):
    """`quota` requests of one address in a minute; 0: any number."""

    name: str
    quota: int


class Left(Struct, frozen=True):
    """What an address may still ask for, and when there is more."""

    is_allowed: bool
    remaining: int
    more_in_s: int


PolicyOf = Callable[[web.Request], Policy | None]
"""Which policy a request falls under; None: it is not limited."""


class RateLimit:
    """Counts, and refuses with 429 what is too much."""

    def __init__(self, redis: SharedRedis, policy_of: PolicyOf, trusted: Proxies) -> None:
        self._redis = redis
        self._policy_of = policy_of
        self._trusted = trusted
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared: SlidingWindowCounterRateLimiter | None = None

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Pass on what is not too much; say in every answer what is left."""
        policy = self._policy_of(request)
        if policy is None or not policy.quota:
            return await handler(request)
        forwarded_for = request.headers.getall("X-Forwarded-For", [])
        left = await self._take(policy, client_address(request.remote or "", forwarded_for, self._trusted))
        response = await handler(request) if left.is_allowed else _refused(policy, left)
        response.headers["RateLimit-Policy"] = f'"{policy.name}";q={policy.quota};w={WINDOW_S}'
        response.headers["RateLimit"] = f'"{policy.name}";r={left.remaining};t={left.more_in_s}'
        return response

    async def _take(self, policy: Policy, address: str) -> Left:
        try:
            return await self._redis(lambda client: _left(self._sharing(client), policy, address))
        except Unavailable:
            return await _left(self._own, policy, address)

    def _sharing(self, client: "Redis") -> SlidingWindowCounterRateLimiter:
        if self._shared is None:
            storage = RedisStorage(
                "async+redis://",
                implementation="redispy",
                key_prefix=redis_keys.LIMITS,
                connection_pool=client.connection_pool,  # type: ignore[arg-type]  # as its docstring says
            )
            self._shared = SlidingWindowCounterRateLimiter(storage)
        return self._shared


async def _left(limiter: SlidingWindowCounterRateLimiter, policy: Policy, address: str) -> Left:
    item = RateLimitItemPerMinute(policy.quota, namespace=policy.name)
    is_allowed = await limiter.hit(item, address)
    more_at, remaining = await limiter.get_window_stats(item, address)
    return Left(is_allowed, remaining if is_allowed else 0, max(1, math.ceil(more_at - time.time())))


def _refused(policy: Policy, left: Left) -> web.Response:
    detail = f"That was more than {policy.quota} {policy.name} in a minute from one address; try again in a moment."
    return problem(429, detail, {"Retry-After": str(left.more_in_s)})
