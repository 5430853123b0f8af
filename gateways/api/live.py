"""/api/v1/recordings/{id}/events: server-sent events of one recording (WHATWG HTML, 9.2).

`status`: the RecordingView, at once and whenever something happened. `source`: what the gateway measures, once a second
while a source is connected. A comment every 15 s keeps proxies from hanging up.
"""

import asyncio
from typing import Final

import msgspec
import structlog
from aiohttp import web
from nats.aio.client import Client as Nats
from nats.aio.msg import Msg

from actors.runtime.client import Client
from gateways.api.body import caller, recording_id
from schemas.errors import Gone, LoomError
from schemas.ids import RecordingId
from schemas.recording import GetRecording
from subjects import events, live

KEEP_ALIVE_S: Final = 15.0
MOST_QUEUED: Final = 64
log = structlog.get_logger(__name__)


class Live:
    """The resource; every listener has its own subscription, ended with its connection."""

    def __init__(self, nats: Nats, client: Client) -> None:
        self._nats = nats
        self._client = client
        self._listeners: set[asyncio.Task[object]] = set()

    def routes(self) -> list[web.RouteDef]:
        """What is offered."""
        return [web.get("/api/v1/recordings/{id}/events", self.listen)]

    def close(self) -> None:
        """Hang up on every listener; they come again."""
        for listener in self._listeners:
            listener.cancel()

    async def listen(self, request: web.Request) -> web.StreamResponse:
        """Stream until the listener leaves, or the recording is deleted."""
        entity = recording_id(request)
        view = await self._client.ask(GetRecording(entity), caller(request))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(MOST_QUEUED)
        subscriptions = [
            await self._nats.subscribe(live.source(entity), cb=_source(queue)),
            await self._nats.subscribe(events.entity("recording", entity), cb=_something_happened(queue)),
        ]
        task = asyncio.current_task()
        assert task
        self._listeners.add(task)
        try:
            await response.prepare(request)
            await response.write(_event("status", msgspec.json.encode(view)))
            await self._relay(entity, queue, response)
        except ConnectionError:
            pass
        finally:
            self._listeners.discard(task)
            for subscription in subscriptions:
                await subscription.unsubscribe()
        return response

    async def _relay(
        self, entity: RecordingId, queue: asyncio.Queue[bytes | None], response: web.StreamResponse
    ) -> None:
        while True:
            try:
                async with asyncio.timeout(KEEP_ALIVE_S):
                    said = await queue.get()
            except TimeoutError:
                await response.write(b": still here\n\n")
                continue
            if said is None:
                try:
                    said = _event("status", msgspec.json.encode(await self._client.ask(GetRecording(entity))))
                except Gone:
                    await response.write(_event("deleted", b"{}"))
                    return
                except LoomError:
                    continue
            await response.write(said)


def _event(name: str, data: bytes) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)


def _source(queue: asyncio.Queue[bytes | None]):  # type: ignore[no-untyped-def]  # noqa: ANN202
    async def heard(message: Msg) -> None:
        if not queue.full():  # a slow listener misses a measurement, nothing else
            queue.put_nowait(_event("source", message.data))

    return heard


def _something_happened(queue: asyncio.Queue[bytes | None]):  # type: ignore[no-untyped-def]  # noqa: ANN202
    async def heard(_: Msg) -> None:
        if not queue.full():
            queue.put_nowait(None)

    return heard
