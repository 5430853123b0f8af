"""How does what the log holds get into storage? By segments; a message is acknowledged once its segment is stored.

The durable consumer only says *that* something came; the bytes are read from the log when a segment is ripe. So memory
holds positions, not media; storage that is away costs nothing but the wait; and `kill -9` at any moment ends in the
same objects: what was stored but not acknowledged is stored again, byte for byte. Several processes may share the
consumer: parts of a segment scattered over them are all found in the log by the one that closes it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Final

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from actors.jetstream.deliveries import Deliveries
from actors.jetstream.media_log import MediaLog
from actors.outside import storage
from actors.outside.guard import Guard
from actors.streaming.assembly import Assembled, assemble
from actors.streaming.retention import Retention
from actors.streaming.sample_tables import SampleTables
from actors.streaming.segments import OpenSegments, SegmentKey, Waiting
from schemas.errors import Unavailable
from schemas.media import DERIVED, FINAL, LIVE_RUNG, init_from_headers, part_from_headers
from subjects import media, objects
from subjects.consumers import ARCHIVER

AWAY: Final = (OSError, BaseError, nats.errors.Error, Unavailable)
"""What storage, NATS and actors raise while they cannot be reached (TimeoutError is an OSError): worth another try."""

PULL_WAIT_S: Final = 1.0
MAX_HELD: Final = 50_000
MAX_STORING: Final = 8
FIRST_RETRY_S: Final = 0.25
LAST_RETRY_S: Final = 15.0

Seal = Callable[[str], Awaitable[int]]
"""Make a recording complete in storage; returns the sequence up to which the log is stored."""

log = structlog.get_logger(__name__)


async def until_done(step: Callable[[], Awaitable[None]], what: str) -> None:
    """Repeat `step` with growing pauses for as long as storage or NATS is away.

    It has no deadline: nothing else would help, and meanwhile the log keeps everything.
    """
    pause = FIRST_RETRY_S
    while True:
        try:
            return await step()
        except AWAY as error:
            say = log.warning if pause == FIRST_RETRY_S else log.debug  # thousands may wait for the same thing
            say("away, will try again", what=what, error=str(error).partition("\n")[0], pause_s=pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LAST_RETRY_S)


class Archiver:
    """Follows MEDIA. `run` ends after `stop` with what is being stored; what was not acknowledged then comes again."""

    def __init__(
        self, client: Client, store: ObjectStore, retention: Retention, tables: SampleTables, seal: Seal
    ) -> None:
        self._client = client
        self._log = MediaLog(client)
        self._store = store
        self._storage = Guard("Storage", (OSError, BaseError), timeout_s=storage.PUT_DEADLINE_S, attempts=1)
        self._retention = retention
        self._tables = tables
        self._seal = seal
        self._open = OpenSegments()
        self._slots = asyncio.Semaphore(MAX_STORING)
        self._ends: dict[str, Msg | None] = {}  # recordings that are being sealed
        self._finals: dict[str, int] = {}
        self._stopping = False

    async def run(self) -> None:
        """Pull, and store what is ripe."""
        async with asyncio.TaskGroup() as tasks, aclosing(Deliveries(self._client, ARCHIVER)) as deliveries:
            while not self._stopping:
                for delivery in await self._pull(deliveries):
                    self._take(delivery, tasks)
                for waiting in self._open.ripe(now()):
                    waiting.storing = True
                    tasks.create_task(self._archive(waiting))

    def stop(self) -> None:
        """Take nothing more; `run` returns when what was begun is done."""
        self._stopping = True

    def statistics(self) -> dict[str, int]:
        """How much waits."""
        return {"held_messages": self._open.messages(), "sealing": len(self._ends)}

    async def _pull(self, deliveries: Deliveries) -> list[Msg]:
        """What is new; nothing while too much waits already or the server is away."""
        if self._open.messages() < MAX_HELD:
            try:
                return await deliveries.fetch(PULL_WAIT_S)
            except AWAY as error:
                log.warning("cannot pull, will try again", error=repr(error))
        await asyncio.sleep(PULL_WAIT_S)
        return []

    def _take(self, delivery: Msg, tasks: asyncio.TaskGroup) -> None:
        """Note what came; the payload stays in the log."""
        delivery.data = b""
        try:
            self._sort(delivery, media.address(delivery.subject), tasks)
        except (KeyError, ValueError) as error:
            log.exception("not a message of MEDIA, given up", subject=delivery.subject, error=repr(error))
            tasks.create_task(delivery.term())

    def _sort(self, delivery: Msg, address: media.Address, tasks: asyncio.TaskGroup) -> None:
        match address.kind:
            case _ if address.rendition == LIVE_RUNG:  # only while it is live: a better one is made from the whole
                tasks.create_task(delivery.ack())
            case "part":
                number = part_from_headers(delivery.headers or {}).segment
                key = SegmentKey(address.recording_id, address.rendition, number)
                self._open.add(key, delivery.metadata.sequence.stream, delivery, now())
                if FINAL in (delivery.headers or {}):
                    self._derived_is_whole(address.recording_id, delivery, tasks)
            case "init":
                number = init_from_headers(delivery.headers or {}).number
                path = objects.init(address.recording_id, address.rendition, number)
                tasks.create_task(self._archive_init(delivery, path))
            case "end" if address.recording_id not in self._ends:
                self._begin_seal(address.recording_id, delivery, tasks)
            case "end":
                self._ends[address.recording_id] = delivery

    def _derived_is_whole(self, recording_id: str, delivery: Msg, tasks: asyncio.TaskGroup) -> None:
        """Sealing waits for this; when it could not, the recording is sealed once more."""
        self._finals[recording_id] = delivery.metadata.sequence.stream
        if recording_id not in self._ends:
            self._begin_seal(recording_id, None, tasks)

    async def _archive_init(self, delivery: Msg, path: str) -> None:
        """Init segments are stored at once: nothing plays without them."""
        sequence = delivery.metadata.sequence.stream

        async def step() -> None:
            async with self._slots:
                async for entry in self._log.read(delivery.subject, sequence, sequence):
                    await self._storage(partial(storage.put, self._store, path, entry.data))
            await delivery.ack()

        await until_done(step, path)

    async def _archive(self, waiting: Waiting) -> None:
        """One ripe segment."""
        await until_done(lambda: self._store_segment(waiting), objects.segment(*waiting.key))
        waiting.storing = False
        if not waiting.deliveries:
            self._open.drop(waiting.key)

    async def _store_segment(self, waiting: Waiting) -> None:
        """Store what the log holds of it, then acknowledge that."""
        if not waiting.deliveries:
            return
        async with self._slots:
            found = await self._assembled(waiting)
            if found is not None:
                path = objects.segment(*waiting.key)
                self._tables.note(path, found.data)
                await self._storage(partial(storage.put, self._store, path, found.data))
        last = found.last if found else max(waiting.deliveries)  # None: nothing is left to be done
        for delivery in waiting.settled(last):
            await delivery.ack()

    async def _assembled(self, waiting: Waiting) -> Assembled | None:
        """The segment; None when it was purged, comes behind the end, or its recording is deleted."""
        key = waiting.key
        if await self._retention.is_deleted(key.recording_id):
            return None
        end = None if key.rendition in DERIVED else await self._log.last(media.end(key.recording_id))
        border = end.sequence if end else None
        return await assemble(self._log, *key, first=min(waiting.deliveries), border=border)

    def _begin_seal(self, recording_id: str, end: Msg | None, tasks: asyncio.TaskGroup) -> None:
        self._ends[recording_id] = end
        self._open.seal(recording_id)
        tasks.create_task(self._finish(recording_id))

    async def _finish(self, recording_id: str) -> None:
        """Seal, then acknowledge all of it and its end; once more if AAC became whole meanwhile.

        A recording that has no end in the log any more was purged: nothing is left to be done.
        """

        async def step() -> None:
            last = await self._seal(recording_id)
            if not last and await self._log.known(media.end(recording_id)):
                raise Unavailable("Its end cannot be read yet.")
            while 0 < last < self._finals.get(recording_id, 0):
                last = await self._seal(recording_id)
            for delivery in self._open.sealed(recording_id, last):
                await delivery.ack()
            if end := self._ends[recording_id]:
                await end.ack()

        await until_done(step, f"sealing {recording_id}")
        del self._ends[recording_id]
        self._finals.pop(recording_id, None)


def now() -> float:
    """Monotonic seconds."""
    return asyncio.get_running_loop().time()
