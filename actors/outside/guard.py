"""What keeps somebody else's trouble from becoming ours? A time-out, a few retries, and a breaker that asks no more.

A guarded dependency that fails `failures` times in a row is left alone for `OPEN_S` (closed → open); then a call is
let through (half-open), and its end decides. Meanwhile everybody is told `unavailable` at once, instead of waiting for
a time-out.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import stamina
import structlog
from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState

from schemas.errors import Unavailable

T = TypeVar("T")
FAILURES: Final = 5
OPEN_S: Final = 5.0
log = structlog.get_logger(__name__)


class Guard:
    """Calls of one dependency. `away` is what its client raises while it cannot be reached (and only then)."""

    def __init__(
        self,
        name: str,
        away: tuple[type[Exception], ...],
        *,
        timeout_s: float = 5.0,
        attempts: int = 2,
        failures: int | None = None,
    ) -> None:
        self.name = name
        self._away = away
        self._timeout_s = timeout_s
        self._attempts = attempts
        self._breakers = AsyncCircuitBreakerFactory(default_threshold=failures or FAILURES, default_ttl=OPEN_S)
        self._breakers.add_listener(self._changed)

    async def __call__(self, call: Callable[[], Awaitable[T]]) -> T:
        """What `call` gives, which may be made more than once. Raises Unavailable, and what is no sign of absence."""
        try:
            async with await self._breakers.get_breaker(self.name, exclude=[(BaseException, self._is_there)]):
                async for attempt in stamina.retry_context(self._is_away, attempts=self._attempts, wait_initial=0.05):
                    with attempt:
                        async with asyncio.timeout(self._timeout_s):
                            return await call()
        except OpenedState:
            raise Unavailable(f"{self.name} has been away; it is asked again in a moment.") from None
        except self._away as error:
            if self._is_there(error):
                raise
            raise Unavailable(f"{self.name} does not answer; try again in a moment.") from error
        raise AssertionError("an attempt returns or raises")

    def _is_away(self, error: BaseException) -> bool:
        return isinstance(error, self._away) and not isinstance(error, FileNotFoundError)  # of storage: an answer

    def _is_there(self, error: BaseException) -> bool:  # as far as is known, also when nobody waits any more
        return not self._is_away(error)

    def _changed(self, name: str, what: str, event: object) -> None:
        if what == "state_changed":
            log.warning("breaker", dependency=name, state=getattr(event, "state", ""))
