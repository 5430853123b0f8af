"""How does a service show itself to others? As a NATS micro service (ADR-32): `nats micro ls|info|stats` know it.

The one module that touches private names of nats.micro (`Endpoint._handle_request`, `_service`, `_subscription`,
`_subject`, `_queue_group`; `Service._endpoints`), because its endpoints handle one message at a time and drop what
waits when they stop; tests/actors/runtime/test_micro.py checks what goes over the wire.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from nats.aio.client import Client as Nats
from nats.aio.msg import Msg
from nats.micro.request import Handler
from nats.micro.service import Endpoint, EndpointConfig, Service, ServiceConfig

from subjects import inboxes

Spawn = Callable[[Coroutine[Any, Any, None]], Awaitable[None]]
"""Has a message handled, and returns when there is room for the next one."""


class MicroService(Service):
    """Endpoints that handle their messages side by side; at the end all that has come is handled."""

    def __init__(self, nats: Nats, name: str, version: str, description: str, metadata: dict[str, str]) -> None:
        super().__init__(nats, ServiceConfig(name, version, description, metadata))

    async def offer(self, name: str, subject: str, handler: Handler, spawn: Spawn, **says: str) -> None:
        """One endpoint, in the queue group of the service; `says` is its metadata."""
        endpoint = SideBySide(self, EndpointConfig(name, handler, self._name, subject, says), spawn)
        await endpoint._start()
        self._endpoints.append(endpoint)

    async def listen(self, subject: str, handler: Handler, spawn: Spawn) -> "SideBySide":
        """An endpoint that is not listed, and goes on when the others stop: whoever has it stops it."""
        endpoint = SideBySide(self, EndpointConfig("peer", handler, self._name, subject), spawn)
        await endpoint._start()
        return endpoint


class SideBySide(Endpoint):
    """Handles its messages side by side."""

    def __init__(self, service: Service, config: EndpointConfig, spawn: Spawn) -> None:
        super().__init__(service, config)
        self._spawn = spawn

    async def _start(self) -> None:
        subscribe = self._service._client.subscribe
        self._subscription = await subscribe(self._subject, queue=self._queue_group, cb=self._take)

    async def stop(self) -> None:
        """Take no more; what has come is handled."""
        subscription: Any = self._subscription
        await subscription.drain()

    _stop = stop

    async def _take(self, message: Msg) -> None:
        """Only who has an inbox has asked; an answer elsewhere would be said there in our name (ADR 9)."""
        if inboxes.is_one(message.reply):
            await self._spawn(self._handle_request(message))
