"""The API process: REST, server-sent events and the pages; started in order, stopped in the reverse order."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import web
from nats import errors as nats_errors
from nats.aio.client import Client as Nats
from obstore.store import MemoryStore, ObjectStore

from actors.jetstream.space_heard import SpaceHeard
from actors.jetstream.tasks import ended
from actors.outside.shared_redis import ABSENT, SharedRedis
from actors.outside.uploads import Uploads
from actors.runtime.client import Client
from gateways.api import description, edits, live, processing, recordings, uploads, workspaces
from gateways.api.edits import Edits
from gateways.api.limits import UNLIMITED, Quotas
from gateways.api.link_cache import LinkCache
from gateways.api.links import Links
from gateways.api.live import Live
from gateways.api.pages import Pages
from gateways.api.presence import Presence
from gateways.api.processing import Jobs
from gateways.api.recordings import Recordings
from gateways.api.uploads import UploadDoor
from gateways.api.workspaces import Workspaces
from gateways.http import health, middleware
from gateways.http.address import Proxies
from gateways.http.health import Check, Report
from gateways.http.rate_limit import RateLimit
from gateways.http.route import bound
from schemas.errors import Unavailable
from schemas.recording import ListTemplates
from subjects import commands

MOST_BYTES: Final = 64 * 1024
ASK_S: Final = 1.0
DRAIN_S: Final = 3.0


WITHOUT_TABLES: Final = (
    "Lists and templates cannot be read. Recording and watching go on; what is new is listed once it is back."
)

WITHOUT_ROOM: Final = (
    "New recordings are refused. Nothing that was recorded is lost, all of it can be watched, and recording goes on by "
    "itself once there is room: delete recordings, or give Loom a larger disk."
)


@asynccontextmanager
async def running(
    nats: Nats,
    *,
    listen: tuple[str, int],
    secret: bytes,
    pages: Path,
    public_url: str | None = None,
    media_url: str | None = None,
    link_ttl_s: int = 21_600,
    redis: SharedRedis = ABSENT,
    quotas: Quotas = UNLIMITED,
    trusted: Proxies = (),
    store: ObjectStore | None = None,
    most_upload_bytes: int = 10 << 30,
    reserve_bytes: int = 0,
) -> AsyncIterator[int]:
    """Serves while the block runs; yields the port. The caller closes `nats` and `redis`.

    Raises OSError when the port is taken.
    """
    client, presence = Client(nats), Presence(redis)
    importing = UploadDoor(client, Uploads(store or MemoryStore()), most_upload_bytes, public_url, reserve_bytes)
    links, known = Links(secret, public_url, media_url, link_ttl_s), LinkCache(client, redis)
    listeners = Live(nats, client, links, presence)
    space = SpaceHeard()
    made = application(
        _checks(nats, client, redis, space),
        Recordings(client, secret, links),
        listeners,
        Workspaces(client),
        Pages(known, pages, links),
        RateLimit(redis, quotas.policy_of, trusted),
        importing,
        Jobs(client),
        Edits(client),
    )
    runner = web.AppRunner(made, access_log=None, shutdown_timeout=DRAIN_S, handler_cancellation=True)
    async with asyncio.TaskGroup() as owner:
        following, hearing = await known.follow(nats), await space.follow(nats)
        working = [owner.create_task(presence.run()), owner.create_task(importing.run())]
        await runner.setup()
        try:
            site = web.TCPSite(runner, *listen)
            await site.start()
            yield int(runner.addresses[0][1])
        finally:
            listeners.close()
            await runner.cleanup()
            await ended(working)
            await presence.count()  # who was here has left
            await following.unsubscribe()
            await hearing.unsubscribe()


def application(
    checks: Mapping[str, Check],
    resource: Recordings,
    listeners: Live,
    places: Workspaces,
    pages: Pages,
    limit: RateLimit,
    importing: UploadDoor,
    jobs: Jobs,
    editing: Edits,
) -> web.Application:
    """The router, and what happens to every request."""
    made = web.Application(
        middlewares=[middleware.request_id, middleware.errors, limit.middleware], client_max_size=MOST_BYTES
    )
    made.add_routes(health.routes(checks))
    made.add_routes(bound(recordings.ROUTES, resource))
    made.add_routes(bound(live.ROUTES, listeners))
    made.add_routes(bound(processing.ROUTES, jobs))
    made.add_routes(bound(edits.ROUTES, editing))
    made.add_routes(bound(workspaces.ROUTES, places))
    made.add_routes(bound(uploads.ROUTES, importing))
    made.on_response_prepare.append(uploads.speak)
    made.add_routes(bound(description.ROUTES, description.Description()))
    made.add_routes(pages.routes())
    return made


def _checks(nats: Nats, client: Client, redis: SharedRedis, space: SpaceHeard) -> dict[str, Check]:
    async def connected() -> Report:
        return Report("ok" if nats.is_connected else "not connected")

    async def recording() -> Report:
        try:
            await nats.request(commands.ping("recording"), timeout=ASK_S)
        except (nats_errors.Error, TimeoutError):
            return Report("does not answer")
        return Report()

    async def tables() -> str:
        try:
            await client.ask(ListTemplates(), deadline_s=ASK_S, patient=False)
        except Unavailable as error:
            return str(error)
        return "ok"

    return {
        "nats": connected,
        "recording": recording,
        "postgresql": health.dispensable("postgresql", tables, WITHOUT_TABLES),
        "redis": health.shared(redis),
        "disk": health.dispensable("disk space", space.check, WITHOUT_ROOM),
    }
