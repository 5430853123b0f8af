"""The edge process: started in order, stopped in the reverse order."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import msgspec
import structlog
from nats.aio.client import Client as Nats
from obstore.store import ObjectStore

from actors.jetstream.tasks import ended
from actors.runtime.client import Client
from gateways.edge import forward, metrics
from gateways.edge.connection import Connection, Streamed
from gateways.edge.connections import Connections
from gateways.edge.download import Downloads
from gateways.edge.edits import Edits
from gateways.edge.forward import Forward
from gateways.edge.gate import ROOTS, Gate
from gateways.edge.hls import Hls
from gateways.edge.movies import Movies
from gateways.edge.payloads import Payloads
from gateways.edge.request import Request
from gateways.edge.response import Response, response
from gateways.edge.sources import Sources
from gateways.edge.windows import Windows
from gateways.http.health import Report, dispensable, readiness
from media.hls.media_playlist import Timing

BACKLOG: Final = 1024
DRAIN_S: Final = 3.0
WITHOUT_STORAGE: Final = (
    "Recordings that have ended cannot be watched. Recording goes on, and what is being recorded can be watched: "
    "it is stored once storage is back."
)
log = structlog.get_logger(__name__)


class Edge:
    """Routes a request: HLS here, health here, everything else onward."""

    def __init__(self, nats: Nats, sources: Sources, gate: Gate, hls: Hls, forward: Forward) -> None:
        self._nats = nats
        self._storage = dispensable("storage", sources.check, WITHOUT_STORAGE)
        self._gate = gate
        self._hls = hls
        self._forward = forward

    def __call__(self, request: Request, connection: Connection) -> Response | Awaitable[Response | Streamed]:
        """The handler of every connection."""
        if request.target.startswith(ROOTS):
            return self._gate.admit(request) or self._hls.answer(request, connection)
        if request.target == "/health/live":
            return _json(200, {"status": "ok"})
        if request.target == "/health/ready":
            return self._ready()
        return self._forward.answer(request, connection)

    async def _ready(self) -> Response:
        here = Report("ok" if self._nats.is_connected else "not connected")
        storage, behind = await asyncio.gather(self._storage(), self._forward.health())
        said = readiness({"nats": here, "storage": storage, **behind})
        return _json(said.http_status, said)


@asynccontextmanager
async def running(
    nats: Nats,
    store: ObjectStore,
    *,
    listen: tuple[str, int],
    ingest_urls: Sequence[str] = (),
    api_url: str | None = None,
    secret: bytes | None = None,
    plain_paths: bool = False,
    part_s: float = 1 / 3,
    segment_s: float = 2.0,
    end_delay_s: float = 1.0,
    cache_bytes: int = 256 << 20,
    most_connections: int = 10_000,
    reuse_port: bool = False,
) -> AsyncIterator[int]:
    """Serves while the block runs; yields the port. The caller closes `nats`. Raises OSError when the port is taken.

    Media is read under paths signed with `secret`, and by anybody where there is none or `plain_paths` are allowed.
    """
    timing = Timing(part_s, segment_s)
    connections = Connections(most_connections)
    async with forward.session() as http, asyncio.TaskGroup() as owner:
        sources = Sources(nats, store, Payloads(cache_bytes))
        windows = Windows(nats, sources, timing, end_delay_s, owner)
        metrics.watch(connections, windows, sources.payloads)
        edits = Edits(sources, timing)
        downloads = Downloads(Client(nats), windows, Movies(sources, edits), store)
        hls = Hls(windows, sources, edits, downloads, timing.target_duration_s)
        gate = Gate(secret, plain=plain_paths)
        edge = Edge(nats, sources, gate, hls, Forward(http, ingest_urls, api_url))
        server = await asyncio.get_running_loop().create_server(
            lambda: Connection(edge, connections), *listen, backlog=BACKLOG, reuse_port=reuse_port or None
        )
        tasks = [owner.create_task(windows.run()), owner.create_task(connections.sweep())]
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            server.close()
            await windows.close()
            connections.finish()
            await _drained(connections)
            sources.payloads.close()
            await ended(tasks)


async def _drained(connections: Connections) -> None:
    """Wait for responses under way."""
    try:
        async with asyncio.timeout(DRAIN_S):
            await connections.empty.wait()
    except TimeoutError:
        log.info("closing connections that are still being answered", count=len(connections))
        connections.abort()


def _json(status: int, body: object) -> Response:
    return response(
        status, msgspec.json.encode(body), {"Content-Type": "application/json", "Cache-Control": "no-store"}
    )
