"""How does a worker get what its durable consumer has for it? At once, message by message, with one pull under way.

`fetch` of nats-py waits for a whole batch or its time-out, which costs a live rendition up to a second; here a message
is handed over when it comes, and what has come with it. A heartbeat that fails to come (the server was restarted, the
request is lost) renews the pull.
"""

import asyncio
import json
from contextlib import suppress
from typing import Final

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import AckPolicy, ConsumerConfig
from prometheus_client import Gauge

from subjects.consumers import Consumer

HEARTBEAT_S: Final = 1.0
PATIENCE_S: Final = 3 * HEARTBEAT_S
EXPIRES_S: Final = 30.0
WAITING: Final = Gauge("loom_consumer_waiting", "Messages that a durable consumer still has before it.", ("consumer",))
_NANO: Final = 1_000_000_000
_HEARTBEAT: Final = "100"


class Deliveries:
    """A pull consumer's messages. Closed by `aclose`, else they go on being sent here; used by one task."""

    def __init__(self, client: Client, consumer: Consumer, batch: int = 256) -> None:
        self._client = client
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{consumer.stream}.{consumer.name}"
        self._batch = batch
        self._subscription: Subscription | None = None
        self._came: list[Msg] = []
        self._news = asyncio.Event()
        self._due = 0
        self._heard = 0.0
        self._newest: Msg | None = None
        WAITING.labels(consumer.name).set_function(self.waiting)

    async def fetch(self, wait_s: float) -> list[Msg]:
        """What is there, at most a batch; at least one unless `wait_s` passes first.

        Raises: nats.errors.Error when the connection is closed.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_s
        while not self._came and loop.time() < until:
            await self._ask(loop.time())
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(min(until, self._heard + PATIENCE_S)):
                    await self._news.wait()
        # a renewed pull may be answered beside the one it was to replace
        found, self._came = self._came[: self._batch], self._came[self._batch :]
        return found

    def waiting(self) -> int:
        """How many the consumer still had when it sent the last one, and those that nobody has fetched."""
        return len(self._came) + (self._newest.metadata.num_pending if self._newest else 0)

    async def aclose(self) -> None:
        """Ask for nothing more, and hand back what came and was not fetched."""
        subscription, self._subscription = self._subscription, None
        if subscription is None or self._client.is_closed:
            return
        with suppress(nats.errors.Error, OSError):  # a connection that broke is asked for nothing
            if self._client.is_connected:
                await subscription.drain()  # type: ignore[no-untyped-call]  # what was on its way arrives first
            else:
                await subscription.unsubscribe()
            for delivery in self._came:
                await delivery.nak()
        self._came.clear()

    async def _take(self, message: Msg) -> None:
        """A delivery; or a heartbeat, or the end of a pull."""
        self._heard = asyncio.get_running_loop().time()
        status = (message.headers or {}).get("Status") if not message.data else None
        if status is None:
            self._due -= 1
            self._came.append(message)
            self._newest = message
        elif status != _HEARTBEAT:
            self._due = 0
        self._news.set()

    async def _ask(self, now: float) -> None:
        """See to it that a pull is under way."""
        if self._subscription is None:
            self._subscription = await self._client.subscribe(self._client.new_inbox(), cb=self._take)
        if self._due <= 0 or now - self._heard >= PATIENCE_S:
            request = {
                "batch": self._batch,
                "expires": int(EXPIRES_S * _NANO),
                "idle_heartbeat": int(HEARTBEAT_S * _NANO),
            }
            await self._client.publish(self._subject, json.dumps(request).encode(), reply=self._subscription.subject)
            self._due, self._heard = self._batch, now


async def ensure(client: Client, consumer: Consumer) -> Consumer:
    """The durable consumer exists, as declared."""
    await client.jetstream().add_consumer(
        consumer.stream,
        ConsumerConfig(
            durable_name=consumer.name,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=consumer.ack_wait_s,
            max_deliver=-1,  # `dispatch` counts, and buries with the reason
            max_ack_pending=consumer.max_ack_pending,
            headers_only=consumer.headers_only or None,
            filter_subjects=list(consumer.filters),
        ),
    )
    return consumer
