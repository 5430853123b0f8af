"""/api/v1/recordings/{id}/events: server-sent events of one recording (WHATWG HTML, 9.2).

A comment every 15 s keeps proxies from hanging up.
"""

import asyncio
from collections.abc import Callable
from typing import Annotated, Final

import msgspec
import structlog
from aiohttp import web
from msgspec import Meta, Struct
from nats.aio.client import Client as Nats
from nats.aio.msg import Msg

from actors.runtime.client import Client
from gateways.api.asked import SESSION_ID, caller, recording_id
from gateways.api.links import LinkedRecording, Links
from gateways.api.presence import Presence
from gateways.api.recordings import ONE
from gateways.http.operation import TEXT, Answer
from gateways.http.route import Route
from schemas.errors import Gone, LoomError
from schemas.ids import RecordingId
from schemas.live import Deleted, JobProgress, SourceMeasured, Watched
from schemas.recording import GetRecording
from subjects import events, live

KEEP_ALIVE_S: Final = 15.0
MOST_QUEUED: Final = 64
STREAM: Final = "text/event-stream"
log = structlog.get_logger(__name__)


class Listening(Struct, frozen=True):
    """The query of GET /api/v1/recordings/{id}/events."""

    viewer: Annotated[
        str,
        Meta(pattern="^[0-9A-Za-z_-]{0,64}$", description="A random word, from who is watching: it is counted once."),
    ] = ""


class Live:
    """The resource; every listener has its own subscription, ended with its connection."""

    def __init__(self, nats: Nats, client: Client, links: Links, presence: Presence) -> None:
        self._nats = nats
        self._client = client
        self._links = links
        self._presence = presence
        self._listeners: set[asyncio.Task[object]] = set()

    def close(self) -> None:
        """Hang up on every listener; they come again."""
        for listener in self._listeners:
            listener.cancel()

    async def listen(self, request: web.Request, asked: Listening) -> web.StreamResponse:
        """Hear what happens to a recording, while it happens.

        Server-sent events, for `EventSource`: `status` at once and whenever something happened, `source` once a second
        while one is connected, `progress` once a second for each job that is worked at and when one begins or ends,
        `watched` when somebody came or left, `deleted` as the last. A stream that ends for another reason is to be
        opened again.
        """
        entity = recording_id(request)
        view = await self._client.ask(GetRecording(entity), caller(request))
        response = web.StreamResponse(headers={"Content-Type": STREAM, "Cache-Control": "no-store"})
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(MOST_QUEUED)
        subscriptions = [
            await self._nats.subscribe(live.source(entity), cb=_told("source", queue)),
            await self._nats.subscribe(live.progress(entity), cb=_told("progress", queue)),
            await self._nats.subscribe(events.entity("recording", entity), cb=_something_happened(queue)),
        ]
        task = asyncio.current_task()
        assert task
        self._listeners.add(task)
        try:
            await response.prepare(request)
            await response.write(_event("status", msgspec.json.encode(self._links.of(request, view))))
            with self._presence.joined(entity, asked.viewer, _watched(queue)):
                await self._relay(entity, queue, request, response)
        except ConnectionError:
            pass
        finally:
            self._listeners.discard(task)
            for subscription in subscriptions:
                await subscription.unsubscribe()
        return response

    async def _relay(
        self,
        entity: RecordingId,
        queue: asyncio.Queue[bytes | None],
        request: web.Request,
        response: web.StreamResponse,
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
                    view = await self._client.ask(GetRecording(entity))
                    said = _event("status", msgspec.json.encode(self._links.of(request, view)))
                except Gone:
                    await response.write(_event("deleted", msgspec.json.encode(Deleted())))
                    return
                except LoomError:
                    continue
            await response.write(said)


ROUTES: Final = (
    Route(
        "listenToRecording",
        "GET",
        f"{ONE}/events",
        Live.listen,
        "recordings",
        parameters=(SESSION_ID,),
        answers=(
            Answer(
                200,
                "Events until the listener leaves or the recording is deleted.",
                {STREAM: TEXT},
                events={
                    "status": LinkedRecording,
                    "source": SourceMeasured,
                    "progress": JobProgress,
                    "watched": Watched,
                    "deleted": Deleted,
                },
            ),
        ),
        refuses=(404, 410),
    ),
)


def _event(name: str, data: bytes) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)


def _told(event: str, queue: asyncio.Queue[bytes | None]):  # type: ignore[no-untyped-def]  # noqa: ANN202
    async def heard(message: Msg) -> None:
        if not queue.full():  # a slow listener misses a measurement, nothing else
            queue.put_nowait(_event(event, message.data))

    return heard


def _watched(queue: asyncio.Queue[bytes | None]) -> Callable[[Watched], None]:
    def heard(watched: Watched) -> None:
        if not queue.full():  # the next count comes
            queue.put_nowait(_event("watched", msgspec.json.encode(watched)))

    return heard


def _something_happened(queue: asyncio.Queue[bytes | None]):  # type: ignore[no-untyped-def]  # noqa: ANN202
    async def heard(_: Msg) -> None:
        if not queue.full():
            queue.put_nowait(None)

    return heard
