"""The API process: REST, server-sent events and the pages; started in order, stopped in the reverse order."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import web
from nats import errors as nats_errors
from nats.aio.client import Client as Nats

from actors.runtime.client import Client
from gateways.api import description, live, recordings
from gateways.api.pages import Pages
from gateways.http import health, middleware
from gateways.http.route import bound
from subjects import commands

MOST_BYTES: Final = 64 * 1024
ASK_S: Final = 1.0
DRAIN_S: Final = 3.0


@asynccontextmanager
async def running(
    nats: Nats, *, listen: tuple[str, int], secret: bytes, pages: Path, public_url: str | None = None
) -> AsyncIterator[int]:
    """Serves while the block runs; yields the port. The caller closes `nats`. Raises OSError when the port is taken."""
    listeners = live.Live(nats, Client(nats))
    runner = web.AppRunner(
        application(nats, listeners, secret, pages, public_url),
        access_log=None,
        shutdown_timeout=DRAIN_S,
        handler_cancellation=True,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, *listen)
        await site.start()
        yield int(runner.addresses[0][1])
    finally:
        listeners.close()
        await runner.cleanup()


def application(
    nats: Nats, listeners: live.Live, secret: bytes, pages: Path, public_url: str | None
) -> web.Application:
    """The router, and what happens to every request."""
    client = Client(nats)
    made = web.Application(middlewares=[middleware.request_id, middleware.errors], client_max_size=MOST_BYTES)
    made.add_routes(health.routes({"nats": _nats(nats), "recording": _recording(nats)}))
    made.add_routes(bound(recordings.ROUTES, recordings.Recordings(client, secret, public_url)))
    made.add_routes(bound(live.ROUTES, listeners))
    made.add_routes(bound(description.ROUTES, description.Description()))
    made.add_routes(Pages(client, pages, public_url).routes())
    return made


def _nats(nats: Nats) -> health.Check:
    async def check() -> str:
        return "ok" if nats.is_connected else "not connected"

    return check


def _recording(nats: Nats) -> health.Check:
    async def check() -> str:
        try:
            await nats.request(commands.ping("recording"), timeout=ASK_S)
        except (nats_errors.Error, TimeoutError):
            return "does not answer"
        return "ok"

    return check
