"""How does a worker get what its durable consumer has for it? At once, message by message, with one pull under way.

`fetch` of nats-py waits for a whole batch or its time-out, which costs a live rendition up to a second; here a message
is handed over when it comes, and what has come with it. A heartbeat that fails to come (the server was restarted, the
request is lost) renews the pull.
"""

import asyncio
import json
from typing import Final

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from subjects.consumers import Consumer

HEARTBEAT_S: Final = 1.0
EXPIRES_S: Final = 30.0
_NANO: Final = 1_000_000_000
_HEARTBEAT: Final = "100"


class Deliveries:
    """A pull consumer's messages. Closed by `aclose`, else they go on being sent here; used by one task."""

    def __init__(self, client: Client, consumer: Consumer, batch: int = 256) -> None:
        self._client = client
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{consumer.stream}.{consumer.name}"
        self._batch = batch
        self._subscription: Subscription | None = None
        self._due = 0
        self._heard = 0.0

    async def fetch(self, wait_s: float) -> list[Msg]:
        """What is there, at least one unless `wait_s` passes first.

        Raises: nats.errors.Error when the connection is closed.
        """
        try:
            return await self._fetch(wait_s)
        except nats.errors.TimeoutError:
            return []

    async def aclose(self) -> None:
        """Ask for nothing more, and hand back what came and was not fetched."""
        subscription, self._subscription = self._subscription, None
        if subscription is None or self._client.is_closed:
            return
        await subscription.unsubscribe()
        while subscription.pending_msgs:
            for delivery in self._sorted(await subscription.next_msg(timeout=HEARTBEAT_S), self._heard):
                await delivery.nak()

    async def _fetch(self, wait_s: float) -> list[Msg]:
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_s
        found: list[Msg] = []
        while not found and loop.time() < until:
            subscription = await self._asked(loop.time())
            message = await subscription.next_msg(timeout=max(until - loop.time(), 0.001))
            found += self._sorted(message, loop.time())
            while subscription.pending_msgs:
                found += self._sorted(await subscription.next_msg(timeout=HEARTBEAT_S), loop.time())
        return found

    def _sorted(self, message: Msg, now: float) -> list[Msg]:
        """A delivery; or nothing, for a heartbeat or the end of a pull."""
        self._heard = now
        status = (message.headers or {}).get("Status") if not message.data else None
        if status is None:
            self._due -= 1
            return [message]
        if status != _HEARTBEAT:
            self._due = 0
        return []

    async def _asked(self, now: float) -> Subscription:
        """The subscription, with a pull under way."""
        if self._subscription is None:
            self._subscription = await self._client.subscribe(self._client.new_inbox())
        if self._due <= 0 or now - self._heard > 3 * HEARTBEAT_S:
            request = {
                "batch": self._batch,
                "expires": int(EXPIRES_S * _NANO),
                "idle_heartbeat": int(HEARTBEAT_S * _NANO),
            }
            await self._client.publish(self._subject, json.dumps(request).encode(), reply=self._subscription.subject)
            self._due, self._heard = self._batch, now
        return self._subscription
