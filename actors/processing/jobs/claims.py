"""Who is at which step? Whoever has made its entry in CLAIMS, and says so again and again.

An entry lasts as long as the bucket keeps entries. A worker that died, or could not be heard for so long, has lost its
step to whoever comes next; should it live, it notices and stops.
"""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from typing import Final

import nats.errors
import structlog
from msgspec import Struct
from nats.aio.client import Client
from nats.js.errors import APIError

from actors.jetstream.direct_get import Entry
from actors.jetstream.entries import Entries, Overtaken, is_removed
from subjects import work
from subjects.buckets import CLAIMS
from subjects.work import Key

REFRESHES: Final = 4
"""How often it is said within the time that an entry lasts."""
RELEASED_S: Final = 1
AWAY: Final = (OSError, nats.errors.Error, APIError)
log = structlog.get_logger(__name__)


class Taken(Struct, frozen=True):
    """What stands in the bucket: the steps that somebody is at, and the sequences of what may be replaced."""

    steps: frozenset[Key]
    free: dict[Key, int]


class Claims:
    """The claims of one worker. Every method raises what nats-py raises while NATS is away."""

    def __init__(self, nats: Client, member: str, lasts_s: float = CLAIMS.ttl_s) -> None:
        self._entries = Entries(nats, CLAIMS)
        self._member = member
        self._lasts_s = lasts_s

    async def taken(self, working: Collection[Key] | None = None) -> Taken:
        """What there is now, of all workers; what this one left behind is free, if it says what it is at."""
        entries = {work.read(entry.subject): entry for entry in await self._entries.all()}
        free = {key: entry.sequence for key, entry in entries.items() if self._is_free(key, entry, working)}
        return Taken(frozenset(entries.keys() - free.keys()), free)

    async def take(self, key: Key, taken: Taken) -> int | None:
        """The revision of a claim that is ours now; None when somebody was quicker."""
        try:
            return await self._put(key, taken.free.get(key, 0))
        except Overtaken:
            return None

    @asynccontextmanager
    async def kept(self, key: Key, revision: int) -> AsyncIterator[None]:
        """It stays ours while the block runs, and is free afterwards. When it is lost, the block is cancelled."""
        claim = _Claim(revision)
        task = asyncio.current_task()
        assert task
        keeping = asyncio.create_task(self._keep(key, claim, task))
        try:
            yield
        finally:
            claim.over.set()
            await keeping  # not cancelled: what it is writing would be written all the same
            with suppress(Overtaken, *AWAY):  # it goes by itself
                await self._entries.remove(work.step(*key), seen_s=RELEASED_S, last=claim.revision)

    async def _keep(self, key: Key, claim: "_Claim", task: asyncio.Task[None]) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._lasts_s
        while loop.time() < until:
            if await claim.is_over_within(self._lasts_s / REFRESHES):
                return
            try:
                begun = loop.time()
                claim.revision = await self._put(key, claim.revision)
                until = begun + self._lasts_s
            except Overtaken:
                break
            except AWAY as error:
                log.debug("a claim could not be renewed", job=key.job_id, step=key.step, why=repr(error))
        if not claim.over.is_set():
            log.warning("a claim is lost", job=key.job_id, step=key.step)
            task.cancel()

    def _is_free(self, key: Key, entry: Entry, working: Collection[Key] | None) -> bool:
        is_left = working is not None and key not in working and entry.data == self._member.encode()
        return is_left or is_removed(entry)

    async def _put(self, key: Key, last: int) -> int:
        return await self._entries.put(work.step(*key), self._member.encode(), last=last)


class _Claim:
    """The sequence that was ours last, and whether we are done with it."""

    def __init__(self, revision: int) -> None:
        self.revision = revision
        self.over = asyncio.Event()

    async def is_over_within(self, seconds: float) -> bool:
        """Wait so long at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.over.wait()
        return self.over.is_set()
