"""The ingest process: WHIP and its media over UDP, the web door; started in order, drained in the reverse order."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web
from nats.aio.client import Client as Nats

from actors.outside.shared_redis import ABSENT, SharedRedis
from gateways.http import health, middleware
from gateways.http.address import Proxies
from gateways.http.health import Report
from gateways.http.rate_limit import Policy, RateLimit
from gateways.ingest import metrics
from gateways.ingest.admission import Admission
from gateways.ingest.peer import Network
from gateways.ingest.sessions import Sessions
from gateways.ingest.web_door import WebDoor
from gateways.ingest.whip import CORS, Whip

MOST_BYTES: Final = 64 * 1024
LOOK_S: Final = 0.5


@asynccontextmanager
async def running(
    nats: Nats,
    *,
    listen: tuple[str, int],
    secret: bytes,
    instance: int = 0,
    ice_servers: Sequence[str] = (),
    udp_ports: tuple[int, int] | None = None,
    public_ip: str | None = None,
    max_sessions: int = 100,
    part_s: float = 1 / 3,
    segment_s: float = 2.0,
    redis: SharedRedis = ABSENT,
    quota: int = 0,
    trusted: Proxies = (),
) -> AsyncIterator[int]:
    """Takes sources while the block runs; yields the HTTP port. At its end every session's parts are stored.

    `quota` is how many one address may open in a minute; 0: any number. The caller closes `nats` and `redis`.
    Raises OSError when the port is taken.
    """
    limit = RateLimit(redis, lambda request: Policy("sessions", quota) if _opens_a_session(request) else None, trusted)
    async with asyncio.TaskGroup() as owner:
        sessions = Sessions(nats, max_sessions, owner)
        metrics.watch(sessions)
        network = Network(udp_ports, public_ip)
        admission = Admission(nats, secret)
        whip = Whip(
            nats,
            admission,
            sessions,
            network,
            instance=instance,
            ice_servers=ice_servers,
            part_s=part_s,
            segment_s=segment_s,
        )
        web_door = WebDoor(nats, admission, sessions, part_s=part_s, segment_s=segment_s)
        routes = [*whip.routes(), *web_door.routes()]
        unfollow = await sessions.follow()
        watching = owner.create_task(_refresh_after_breaks(nats, sessions))
        runner = web.AppRunner(_application(nats, routes, redis, limit), access_log=None, shutdown_timeout=2)
        await runner.setup()
        try:
            site = web.TCPSite(runner, *listen)
            await site.start()
            yield int(runner.addresses[0][1])
        finally:
            await sessions.drain()
            watching.cancel()
            await runner.cleanup()
            for stop in unfollow:
                await stop()
            network.pulse.close()


def _application(nats: Nats, routes: Sequence[web.RouteDef], redis: SharedRedis, limit: RateLimit) -> web.Application:
    async def connected() -> Report:
        return Report("ok" if nats.is_connected else "not connected")

    application = web.Application(
        middlewares=[middleware.request_id, _cors, middleware.errors, limit.middleware], client_max_size=MOST_BYTES
    )
    application.add_routes([*health.routes({"nats": connected, "redis": health.shared(redis)}), *routes])
    return application


def _opens_a_session(request: web.Request) -> bool:
    return request.method == "POST" or "Upgrade" in request.headers


@web.middleware
async def _cors(request: web.Request, handler: middleware.Handler) -> web.StreamResponse:
    """WHIP clients may come from any page; refusals too must be readable to them."""
    response = await handler(request)
    response.headers.update(CORS)
    if response.status == 401:  # noqa: PLR2004  RFC 6750, 3
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


async def _refresh_after_breaks(nats: Nats, sessions: Sessions) -> None:
    """What was said while NATS was away has to be asked for."""
    was_connected = True
    while True:
        await asyncio.sleep(LOOK_S)
        if nats.is_connected and not was_connected:
            await sessions.refresh()
        was_connected = nats.is_connected
