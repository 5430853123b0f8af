"""How does a reader learn of a new part? By an ordered consumer of one subject, made anew when it falls silent.

Memory-only, nothing acknowledged: what counts is the last sequence that was seen. A gap, a new connection, or three
seconds without message or heartbeat (the server has forgotten the consumer) begins another one behind it. Each has a
name of its own, which stands in the subject it is made by: so nats-server can keep readers from changing the durable
consumers of others (`subjects/permissions.py`).
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import nats.errors
from nats.aio.client import Client as Nats
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import Error as JetStreamError

from actors.jetstream.direct_get import Entry
from schemas.ids import new_id
from subjects.streams import MEDIA

HEARTBEAT_S: Final = 1.0
SILENCE_S: Final = 3.0
AGAIN_S: Final = 0.3
FORGOTTEN_S: Final = 10.0
CATCH_UP_S: Final = 10.0
PENDING_BYTES: Final = 256 << 20
AWAY: Final = (nats.errors.Error, JetStreamError, OSError, TimeoutError)


class Follower:
    """Follows one subject; `take` is called for every message in the order of the stream, without gap or repetition."""

    def __init__(self, nats: Nats, subject: str, take: Callable[[Entry], None]) -> None:
        self._nats = nats
        self._subject = subject
        self._take = take
        self.last = 0
        self._expected = 1
        self._heard = 0.0
        self._broken = asyncio.Event()
        self._is_stopped = False

    async def catch_up(self, deadline_s: float = CATCH_UP_S) -> None:
        """Take, headers only, what is there now. Raises what `AWAY` lists."""
        newest = asyncio.Event()
        async with asyncio.timeout(deadline_s):
            while not newest.is_set():
                connection = self._begin()
                close = await self._consume(headers_only=True, whole=newest)
                try:
                    while not (newest.is_set() or self._broken.is_set()) and self._is_alive(connection):
                        await _set_within(newest, HEARTBEAT_S / 2)
                finally:
                    await close()

    def stop(self) -> None:
        """End `run` soon, also when a cancellation is lost on the way (`actors.jetstream.tasks.py`)."""
        self._is_stopped = True
        self._broken.set()

    async def run(self, *, headers_only: bool = False) -> None:
        """Follow until stopped or cancelled."""
        while not self._is_stopped:
            try:
                connection = self._begin()
                close = await self._consume(headers_only=headers_only)
                try:
                    while not (self._broken.is_set() or self._is_stopped) and self._is_alive(connection):
                        await _set_within(self._broken, HEARTBEAT_S / 2)
                finally:
                    await close()
            except AWAY:
                await asyncio.sleep(AGAIN_S)

    def _begin(self) -> int:
        """A consumer is about to be made; on which connection."""
        self._broken.clear()
        self._heard = asyncio.get_running_loop().time()
        return self._nats.stats["reconnects"]

    def _is_alive(self, connection: int) -> bool:
        """Whether the consumer was heard of lately; a restarted server has forgotten it."""
        is_silent = asyncio.get_running_loop().time() - self._heard > SILENCE_S
        return not is_silent and self._nats.stats["reconnects"] == connection

    async def _consume(
        self, *, headers_only: bool, whole: asyncio.Event | None = None
    ) -> Callable[[], Awaitable[None]]:
        """Begin behind `last`; gives back how to end it."""
        loop = asyncio.get_running_loop()
        self._expected = 1
        inbox = self._nats.new_inbox()

        async def heard(message: Msg) -> None:
            self._heard = loop.time()
            if message.reply.startswith("$JS.ACK"):
                self._delivered(message, headers_only=headers_only, whole=whole)

        subscription = await self._nats.subscribe(inbox, cb=heard, pending_bytes_limit=PENDING_BYTES)

        async def close() -> None:
            if not self._nats.is_closed:
                await subscription.unsubscribe()

        config = ConsumerConfig(
            name=new_id(),
            deliver_subject=inbox,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=self.last + 1,
            filter_subject=self._subject,
            ack_policy=AckPolicy.NONE,
            max_deliver=1,
            idle_heartbeat=HEARTBEAT_S,
            inactive_threshold=FORGOTTEN_S,
            headers_only=headers_only or None,
            mem_storage=True,
            num_replicas=1,
        )
        try:
            made = await self._nats.jetstream().add_consumer(MEDIA.name, config)
        except BaseException:
            await close()
            raise
        if whole and not made.num_pending and not (made.delivered and made.delivered.consumer_seq):
            whole.set()

        return close

    def _delivered(self, message: Msg, *, headers_only: bool, whole: asyncio.Event | None) -> None:
        said = message.metadata
        if said.sequence.consumer != self._expected or self._broken.is_set():
            self._broken.set()
            return
        self._expected += 1
        if said.sequence.stream > self.last:
            self.last = said.sequence.stream
            headers = message.headers or {}
            size = int(headers.get("Nats-Msg-Size", "0")) if headers_only else len(message.data)
            data = b"" if headers_only else message.data
            self._take(Entry(self.last, message.subject, headers, size, data, said.timestamp))
        if whole and said.num_pending == 0:
            whole.set()


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    """Wait for it, no longer than so."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
