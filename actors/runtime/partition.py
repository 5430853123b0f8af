"""Which process of a service handles which entity? They share them out in one KV entry, by compare-and-set (ADR 7).

Entities fall into partitions. Once a second every process says in the entry that it lives, how far the events of its
partitions have been handled, and takes what is due to it: each partition has one process it is meant for (rendezvous
hashing over those that live). A live owner hands over itself, between two messages; what a dead one had is taken by
whom it is meant for. Dead is who has been silent for `LEASE_S` by everybody's own clock, or for a little while
nats-server knows that nobody listens there any more. An owner that could not say that it lives has to assume that it
lost everything; should it not notice, the event store's optimistic concurrency is the guard.
"""

import asyncio
import random
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Final
from zlib import crc32

import msgspec
import nats.errors
from msgspec import Struct
from nats.aio.client import Client as Nats
from nats.js.errors import KeyNotFoundError, KeyWrongLastSequenceError
from nats.js.kv import KeyValue

from schemas.errors import Unavailable
from subjects import peers
from subjects.buckets import SHARES

PARTITIONS: Final = 32
BEAT_S: Final = 1.0
LEASE_S: Final = 4.0
DOUBT_S: Final = 1.5
ANSWER_S: Final = 0.5
ATTEMPTS: Final = 10


class Share(Struct, frozen=True):
    """The entry: a count of each process's beats; by partition its owner and the last event it has handled."""

    beats: Mapping[str, int] = {}
    owners: tuple[str, ...] = ("",) * PARTITIONS
    positions: tuple[int, ...] = (0,) * PARTITIONS


def of(entity: str) -> int:
    """The partition of an entity."""
    return crc32(entity.encode()) % PARTITIONS


def meant_for(partition: int, members: Collection[str]) -> str:
    """Who should have it; empty when there is nobody."""
    return max(members, key=lambda member: crc32(f"{member} {partition}".encode()), default="")


def next_share(
    share: Share,
    me: str,
    dead: Collection[str],
    handled: Mapping[int, int],
    busy: Collection[int],
    *,
    leaving: bool = False,
) -> Share:
    """What the entry says after my beat, or after I have left; `handled` has the position of each partition of mine."""
    members = {member for member in share.beats if member not in dead} | {me}
    if leaving:
        members.discard(me)
    owners, positions = list(share.owners), list(share.positions)
    for partition, owner in enumerate(share.owners):
        wanted = meant_for(partition, members)
        if owner == me:
            positions[partition] = handled.get(partition, positions[partition])
            if leaving or partition not in busy:
                owners[partition] = wanted
        elif owner not in members:
            owners[partition] = me if wanted == me else ""
    beats = {member: share.beats.get(member, 0) + (member == me) for member in sorted(members)}
    return Share(beats, tuple(owners), tuple(positions))


class Mine:
    """A partition this process has: up to where its events were handed out, and which of those are not handled yet."""

    def __init__(self, position: int) -> None:
        self.handed = position
        self.pending: dict[int, asyncio.Task[None]] = {}

    @property
    def position(self) -> int:
        """Everything up to there has had its effect."""
        return min(self.pending) - 1 if self.pending else self.handed


class Partitions:
    """The partitions of one process of a service. `beat` is called every `BEAT_S`, `leave` at the end."""

    def __init__(self, client: Nats, service: str, me: str, busy: Callable[[], Collection[str]]) -> None:
        self._nats = client
        self._service = service
        self._busy = busy
        self.me = me
        self._share = Share()
        self._mine: dict[int, Mine] = {}
        self._heard: dict[str, tuple[int, float]] = {}
        self._fresh_until = 0.0
        self._connections = 0

    def other_owner(self, entity: str) -> str:
        """Which other process handles it; empty when it is this one, or nobody is known to."""
        owner = self._share.owners[of(entity)]
        return "" if owner == self.me else owner

    def mine(self) -> Mapping[int, Mine]:
        """Those whose events are to be handled here, as of now; none while others may believe us dead."""
        return dict(self._mine) if self._is_sure() else {}

    def has(self, partition: int, mine: Mine) -> bool:
        """Whether it is still the same one."""
        return self._is_sure() and self._mine.get(partition) is mine

    async def beat(self) -> None:
        """Say that we live, and see who has what. Raises Unavailable, and what nats-py raises."""
        now, before, connections = asyncio.get_running_loop().time(), self._mine, self._nats.stats["reconnects"]
        share = await self._change(leaving=False)
        self._fresh_until, self._connections = now + LEASE_S - BEAT_S, connections
        owned = {partition for partition, owner in enumerate(share.owners) if owner == self.me}
        self._mine = {p: self._mine.get(p) or Mine(share.positions[p]) for p in owned}
        for lost in [mine for p, mine in before.items() if self._mine.get(p) is not mine]:
            for task in lost.pending.values():
                task.cancel()  # another process handles it

    async def leave(self) -> None:
        """Hand everything over at once, as far as it was handled. Raises Unavailable, and what nats-py raises."""
        self._fresh_until = 0.0
        await self._change(leaving=True)
        self._mine = {}

    def statistics(self) -> dict[str, int]:
        """How many partitions are ours, and how many of their events are being handled."""
        return {"partitions": len(self._mine), "pending": sum(len(mine.pending) for mine in self._mine.values())}

    def _is_sure(self) -> bool:
        is_fresh = asyncio.get_running_loop().time() < self._fresh_until
        return is_fresh and self._nats.is_connected and self._nats.stats["reconnects"] == self._connections

    async def _change(self, *, leaving: bool) -> Share:
        bucket = await self._nats.jetstream().key_value(SHARES.name)
        for _ in range(ATTEMPTS):
            share, revision = await self._read(bucket)
            dead = await self._dead(share)
            busy = {of(entity) for entity in self._busy()} | {p for p, mine in self._mine.items() if mine.pending}
            handled = {partition: mine.position for partition, mine in self._mine.items()}
            changed = next_share(share, self.me, dead, handled, busy, leaving=leaving)
            kept, stays = self._mine, [p for p in self._mine if share.owners[p] == changed.owners[p] == self.me]
            self._mine = {p: kept[p] for p in stays}  # nothing more is handed out of what may go
            with suppress(KeyWrongLastSequenceError):
                await bucket.update(self._service, msgspec.json.encode(changed), last=revision)
                self._share = changed
                return changed
            self._mine = kept
            await asyncio.sleep(random.random() / 20)
        raise Unavailable(f"Too many processes of {self._service} share their entities out at the same moment.")

    async def _dead(self, share: Share) -> set[str]:
        now = asyncio.get_running_loop().time()
        for member, count in share.beats.items():
            before, _ = self._heard.get(member, (-1, 0.0))
            if before != count:
                self._heard[member] = (count, now if before >= 0 else now - DOUBT_S)
        silent = {member: now - at for member, (_, at) in self._heard.items() if member in share.beats}
        doubtful = [member for member, seconds in silent.items() if seconds >= DOUBT_S and member != self.me]
        return {member for member in doubtful if silent[member] > LEASE_S or await self._is_gone(member)}

    async def _is_gone(self, member: str) -> bool:
        try:
            await self._nats.request(peers.of(self._service, member), timeout=ANSWER_S)
        except nats.errors.NoRespondersError:
            return True
        except nats.errors.TimeoutError:
            return False  # it may only be slow
        return False

    async def _read(self, bucket: KeyValue) -> tuple[Share, int]:
        try:
            entry = await bucket.get(self._service)
        except KeyNotFoundError as missing:  # or deleted, by somebody who wants a new beginning
            return Share(), missing.entry.revision if missing.entry else 0
        return msgspec.json.decode(entry.value or b"{}", type=Share), entry.revision or 0
