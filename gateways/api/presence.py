"""How many are watching a recording now? Who listens to its events is there; Redis adds up over all processes.

A viewer is a random id that a page makes for itself. It stays in the recording's sorted set while the page is
connected, and for `FORGOTTEN_S` when the process that knew it is gone.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from actors.outside.shared_redis import SharedRedis
from schemas.errors import Unavailable
from schemas.ids import RecordingId
from schemas.live import Watched
from subjects import redis_keys

if TYPE_CHECKING:
    from redis.asyncio import Redis

REFRESH_S: Final = 5.0
FORGOTTEN_S: Final = 15.0
TOGETHER_S: Final = 0.25
"""Who comes or goes within this time is told in one call."""
EACH_S: Final = 0.001
"""So much longer for each who has to be told: a thousand listeners hear of it once a second."""
Tell = Callable[[Watched], None]


class _Audience:
    """Who listens to one recording in this process. `viewers` counts the connections of each."""

    def __init__(self) -> None:
        self.viewers: Counter[str] = Counter()
        self.listeners: set[Tell] = set()
        self.watched = Watched(None)
        self._came: set[str] = set()
        self._left: set[str] = set()

    def join(self, viewer: str) -> None:
        """By one more connection."""
        self.viewers[viewer] += 1
        self._came.add(viewer)

    def leave(self, viewer: str) -> None:
        """By one connection; there may be others."""
        self.viewers[viewer] -= 1
        if not self.viewers[viewer]:
            del self.viewers[viewer]
            self._left.add(viewer)

    def news(self, *, of_all: bool) -> "_News":
        """Who is here and who is not, since it was asked last; `of_all`: also who has been here all the time."""
        came, left = self._came, self._left
        self._came, self._left = set(), set()
        return _News(set(self.viewers) if of_all else came & self.viewers.keys(), left - self.viewers.keys())

    def tell(self, watched: Watched) -> None:
        """Tell the listeners, if it is news."""
        if watched != self.watched:
            self.watched = watched
            for listener in self.listeners:
                listener(watched)


class _News(NamedTuple):
    here: set[str]
    gone: set[str]


class Presence:
    """Owned by the API process, which runs `run`."""

    def __init__(self, redis: SharedRedis) -> None:
        self._redis = redis
        self._audiences: defaultdict[RecordingId, _Audience] = defaultdict(_Audience)
        self._changed: set[RecordingId] = set()
        self._has_changed = asyncio.Event()

    @contextmanager
    def joined(self, recording_id: RecordingId, viewer: str, tell: Tell) -> Iterator[None]:
        """Somebody listens while the block runs, as a viewer or (empty) not; `tell` hears how many there are."""
        audience = self._audiences[recording_id]
        audience.listeners.add(tell)
        if audience.watched.count is not None:
            tell(audience.watched)
        if viewer:
            audience.join(viewer)
        self._note(recording_id)
        try:
            yield
        finally:
            audience.listeners.discard(tell)
            if viewer:
                audience.leave(viewer)
            self._note(recording_id)

    async def run(self) -> None:
        """Count when somebody comes or goes, and all of them from time to time: others may have, elsewhere."""
        refresh_at = 0.0
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, refresh_at - time.monotonic())):
                    await self._has_changed.wait()
            if is_due := time.monotonic() >= refresh_at:
                refresh_at = time.monotonic() + REFRESH_S
                self._changed.update(self._audiences)
            await self.count(of_all=is_due)
            listeners = sum(len(audience.listeners) for audience in self._audiences.values())
            await asyncio.sleep(min(REFRESH_S, max(TOGETHER_S, listeners * EACH_S)))

    async def count(self, *, of_all: bool = False) -> None:
        """Tell Redis who came and went; tell the listeners how many there are, or that nobody knows."""
        self._has_changed.clear()
        asked = {one: audience for one in self._changed if (audience := self._audiences.get(one))}
        self._changed.clear()
        if not asked:
            return
        news = {one: audience.news(of_all=of_all) for one, audience in asked.items()}
        try:
            counts = await self._redis(lambda client: _exchange(client, news, time.time()))
        except Unavailable:
            counts = dict.fromkeys(asked)
        for recording_id, audience in asked.items():
            audience.tell(Watched(counts[recording_id]))
            if not audience.listeners and recording_id not in self._changed:
                del self._audiences[recording_id]

    def _note(self, recording_id: RecordingId) -> None:
        self._changed.add(recording_id)
        self._has_changed.set()


async def _exchange(client: "Redis", news: Mapping[RecordingId, _News], now: float) -> dict[RecordingId, int | None]:
    """How many are watching each of them; one round trip."""
    async with client.pipeline(transaction=False) as pipe:
        for recording_id, (here, gone) in news.items():
            key = redis_keys.viewers(recording_id)
            if here:
                pipe.zadd(key, dict.fromkeys(here, now))
            if gone:
                pipe.zrem(key, *gone)
            pipe.zremrangebyscore(key, 0, now - FORGOTTEN_S)
            pipe.expire(key, int(FORGOTTEN_S))
        for recording_id in news:
            pipe.zcard(redis_keys.viewers(recording_id))
        answers = await pipe.execute()
    return dict(zip(news, answers[-len(news) :], strict=True))
