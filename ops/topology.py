"""Which processes is Loom made of, and what is each handed? Modules are imported by the process that runs them."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog
from msgspec import Struct
from obstore.store import LocalStore

import gateways
from actors.runtime.supervisor import Start, supervise
from ops import settings as reading
from ops import telemetry
from ops.connections import database_pool, nats_connection, object_store, shared_redis
from ops.settings import SettingError, Settings

log = structlog.get_logger(__name__)
PAGES: Final = Path(gateways.__file__).parent / "web" / "dist"


class Place(Struct, frozen=True):
    """Where one process stands among the others."""

    listen: tuple[str, int] = ("127.0.0.1", 0)
    instance: int = 0
    ingest_urls: tuple[str, ...] = ()
    api_url: str | None = None


@asynccontextmanager
async def edge(settings: Settings, place: Place) -> AsyncIterator[Any]:
    """HLS, and the front of the house."""
    from gateways.edge.server import running  # noqa: PLC0415

    async with (
        nats_connection(settings, "edge") as nats,
        running(
            nats,
            object_store(settings),
            listen=place.listen,
            ingest_urls=place.ingest_urls,
            api_url=place.api_url,
            secret=reading.secret(settings),
            plain_paths=settings.signed_paths == "off",
            part_s=settings.part_s,
            segment_s=settings.segment_s,
            reuse_port=settings.edge_processes > 1,
        ) as port,
    ):
        yield port


@asynccontextmanager
async def api(settings: Settings, place: Place) -> AsyncIterator[Any]:
    """REST and pages."""
    from gateways.api.limits import Quotas  # noqa: PLC0415
    from gateways.api.server import running  # noqa: PLC0415

    async with (
        nats_connection(settings, "api") as nats,
        shared_redis(settings.redis_url) as redis,
        running(
            nats,
            listen=place.listen,
            secret=reading.secret(settings),
            pages=PAGES,
            public_url=settings.public_url or None,
            media_url=settings.cdn_url or None,
            link_ttl_s=settings.link_ttl_s,
            redis=redis,
            quotas=Quotas(settings.limit_recordings, settings.limit_changes),
            trusted=settings.trusted_proxies,
            store=object_store(settings),
            most_upload_bytes=settings.max_upload_bytes,
            reserve_bytes=settings.reserve_mb * 1_000_000,
        ) as port,
    ):
        yield port


@asynccontextmanager
async def ingest(settings: Settings, place: Place) -> AsyncIterator[Any]:
    """WHIP."""
    from gateways.ingest.server import running  # noqa: PLC0415

    async with (
        nats_connection(settings, "ingest") as nats,
        shared_redis(settings.redis_url) as redis,
        running(
            nats,
            listen=place.listen,
            instance=place.instance,
            secret=reading.secret(settings),
            ice_servers=settings.ice_servers,
            udp_ports=settings.udp_ports,
            public_ip=settings.public_ip or None,
            max_sessions=settings.max_sessions,
            part_s=settings.part_s,
            segment_s=settings.segment_s,
            redis=redis,
            quota=settings.limit_sessions,
            trusted=settings.trusted_proxies,
        ) as port,
    ):
        yield port


@asynccontextmanager
async def recording(settings: Settings, _: Place) -> AsyncIterator[Any]:
    """The recording service and its tables."""
    from actors.recording.actor import running  # noqa: PLC0415

    async with (
        nats_connection(settings, "recording") as nats,
        database_pool(settings.database_url) as database,
        running(nats, database, abandon_after_s=settings.abandon_after_s),
    ):
        yield None


@asynccontextmanager
async def streaming(settings: Settings, _: Place) -> AsyncIterator[Any]:
    """The archive."""
    from actors.streaming.actor import running  # noqa: PLC0415
    from ops.embedded.nats_server import log_folder  # noqa: PLC0415

    store = object_store(settings)
    log = log_folder(settings.data)
    folders = [Path(store.prefix)] if isinstance(store, LocalStore) and store.prefix else []
    async with (
        nats_connection(settings, "streaming") as nats,
        running(
            nats,
            store,
            folders=[*folders, *([log] if log else [])],
            log_is_here=log is not None,
            reserve_bytes=settings.reserve_mb * 1_000_000,
        ),
    ):
        yield None


@asynccontextmanager
async def processing(settings: Settings, _: Place) -> AsyncIterator[Any]:
    """AAC, posters, and jobs with their tables."""
    from actors.processing.actor import running  # noqa: PLC0415

    await asyncio.to_thread(_check_encoder, settings.video_encoder)
    async with (
        nats_connection(settings, "processing") as nats,
        database_pool(settings.database_url) as database,
        running(
            nats,
            object_store(settings),
            database,
            slots=settings.slots,
            scratch=settings.data,
            part_s=settings.part_s,
            segment_s=settings.segment_s,
            live_rung=settings.live_rung,
            rungs=settings.ladder,
            video_encoder=settings.video_encoder,
        ),
    ):
        yield None


def _check_encoder(name: str) -> None:
    """Before anything is recorded. Raises SettingError."""
    from media.transcode import encoder  # noqa: PLC0415

    try:
        if name != encoder.X264:
            encoder.check(name)
    except ValueError as error:
        raise SettingError(f"LOOM_VIDEO_ENCODER cannot be {name}: {error}.") from error


Process = Callable[[Settings, Place], AbstractAsyncContextManager[Any]]
PROCESSES: Final[dict[str, Process]] = {
    process.__name__: process for process in (ingest, edge, api, recording, streaming, processing)
}
WITH_TABLES: Final = frozenset({"recording"})
"""Those that need PostgreSQL."""


async def run(names: list[str], settings: Settings, place: Place, stop: asyncio.Event) -> None:
    """Run processes in this one until `stop`, each under its own supervision; the last started is the first stopped.

    Raises: what the first one raises that does not come up, or crashes too often.
    """
    async with AsyncExitStack() as stack:
        process = "+".join(names), place.instance
        stack.enter_context(telemetry.traced(settings.otlp_url, settings.trace_ratio, *process))
        telling = telemetry.telling(settings.data, settings.metrics_port, *process)
        port = await stack.enter_async_context(telling)
        for name in names:
            await stack.enter_async_context(_supervised(name, partial(PROCESSES[name], settings, place)))
        gc.freeze()  # what is loaded by now stays: collections need not look at it
        log.info("ready", metrics=f"http://{telemetry.HOST}:{port}/metrics")
        await stop.wait()


@asynccontextmanager
async def _supervised(name: str, start: Start) -> AsyncIterator[None]:
    """It runs while the block runs; when it cannot, the block ends with why."""
    ready, stop = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as owner:
        owner.create_task(supervise(name, start, ready, stop))
        await ready.wait()
        try:
            yield
        finally:
            stop.set()
