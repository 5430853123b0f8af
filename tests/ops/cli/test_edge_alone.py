"""An edge near its viewers: it is given NATS, storage and the secret, and nothing else."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from obstore.store import LocalStore

from gateways.http import signing
from ops.bench import child
from tests.actors.media_given import provision
from tests.gateways.edge.given import Viewed
from tests.servers import NatsServer, connected, free_port, until

SECRET = "a secret for tests"
LATER = 4_000_000_000


@asynccontextmanager
async def loom_run_edge(folder: Path, **settings: str) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """Its address, and the process; without what this environment says about other servers."""
    port = free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LOOM_")}
    environment = {**clean, "LOOM_DATA": str(folder / "edge"), "LOOM_PORT": str(port), **settings}
    command = child.module("ops", "run", "edge", "--listen", f"127.0.0.1:{port}")
    process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.PIPE)
    try:
        yield f"http://127.0.0.1:{port}", process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await process.wait()


async def test_it_serves_media_says_what_it_does_not_and_is_ready(tmp_path: Path) -> None:
    async with NatsServer(tmp_path / "nats") as nats, connected(nats) as client, aiohttp.ClientSession() as http:
        await provision(client)
        settings = {"LOOM_NATS_URL": nats.url, "LOOM_SECRET": SECRET, "LOOM_STORAGE_URL": f"file://{tmp_path}/objects"}
        async with loom_run_edge(tmp_path, **settings) as (url, _):

            async def asked(path: str, method: str = "GET") -> tuple[int, Any]:
                async with http.request(method, url + path) as response:
                    is_json = response.content_type.endswith("json")
                    return response.status, await response.json() if is_json else await response.text()

            async def is_ready() -> bool:
                try:
                    return (await asked("/health/ready"))[0] == 200
                except aiohttp.ClientError:
                    return False

            await until(is_ready)
            viewed = Viewed(client, url, http, LocalStore(str(tmp_path / "objects"), mkdir=True))
            await viewed.say(1)
            status, playlist = await asked(signing.path(SECRET.encode(), viewed.id, LATER, "video.m3u8"))
            assert status == 200
            assert "#EXT-X-PRELOAD-HINT" in playlist
            assert (await asked(f"/hls/{viewed.id}/video.m3u8"))[0] == 403
            for path, method in (("/", "GET"), ("/api/v1/recordings", "POST"), (f"/whip/{viewed.id}", "POST")):
                status, said = await asked(path, method)
                assert status == 404
                assert "Only media is served here" in said["detail"]
            assert await asked("/health/ready") == (
                200,
                {"status": "ok", "checks": {"nats": "ok", "storage": "ok"}, "away": []},
            )


@pytest.mark.parametrize(("missing", "named"), [("LOOM_NATS_URL", "LOOM_NATS_URL"), ("LOOM_SECRET", "LOOM_SECRET")])
async def test_what_it_lacks_it_names(tmp_path: Path, missing: str, named: str) -> None:
    settings = {"LOOM_NATS_URL": "nats://127.0.0.1:1", "LOOM_SECRET": SECRET}
    async with loom_run_edge(tmp_path, **{**settings, missing: ""}) as (_, process):
        assert process.stderr
        async with asyncio.timeout(20):
            said = (await process.stderr.read()).decode()
            assert await process.wait() == 2
    assert named in said
