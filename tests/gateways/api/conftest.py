"""The API door with a real NATS, a real recording service and a real PostgreSQL behind it."""

import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from nats.aio.client import Client as Nats

from actors.recording import actor as recording
from actors.runtime.client import Client
from gateways.api.server import running
from schemas.ids import RecordingId
from schemas.recording import ConnectSource, RecordingView
from tests.openapi_contract import conforming

OFFERED = ("/api/", "/health/")
SECRET = b"a secret for tests"
WATCH = "<!doctype html><head><title>Loom</title><!--opengraph--></head>"


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """As `npm run build` leaves them."""
    folder = tmp_path / "pages" / "dist"
    (folder / "assets").mkdir(parents=True)
    for name in ("index", "record"):
        (folder / f"{name}.html").write_text(f"<!doctype html><title>{name}</title>")
    (folder / "watch.html").write_text(WATCH)
    (folder / "assets" / "watch-1a2b3c.js").write_text("export {}")
    (folder / "assets" / "watch-1a2b3c.js.gz").write_bytes(gzip.compress(b"export {}"))
    (folder.parent / "secret").write_text("not for everybody")
    return folder


@pytest.fixture
def connect_source(nats_client: Nats) -> Callable[[RecordingId], Awaitable[RecordingView]]:
    """What the WHIP gateway says when a source connects."""
    client = Client(nats_client)
    return lambda recording_id: client.ask(ConnectSource(recording_id))


@pytest.fixture
async def api(nats_client: Nats, database: Any, pages: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client at the door; an answer that docs/openapi.json does not describe fails the test."""
    door = running(nats_client, listen=("127.0.0.1", 0), secret=SECRET, pages=pages)
    async with (
        recording.running(nats_client, database),
        door as port,
        aiohttp.ClientSession(
            f"http://127.0.0.1:{port}", timeout=aiohttp.ClientTimeout(20), trace_configs=conforming(*OFFERED)
        ) as http,
    ):
        yield http
