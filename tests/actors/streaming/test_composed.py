"""A recording that was put together of others was never in the log; it is completed from what lies in storage."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from nats.aio.client import Client
from obstore.store import LocalStore

from actors.runtime import actor as runtime
from actors.streaming.actor import running
from schemas.ids import new_id
from subjects import objects
from tests.actors.media_given import Source
from tests.actors.streaming.test_actor import Recordings
from tests.gateways.edge.archive import store_all
from tests.media.edits import numbered


@pytest.fixture
async def recordings(client: Client) -> AsyncIterator[Recordings]:
    actor = Recordings()
    async with runtime.running(client, actor):
        yield actor


async def test_it_is_completed_and_has_playlists(client: Client, recordings: Recordings, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "objects", mkdir=True)
    recording_id = new_id()
    await store_all(store, recording_id, numbered.recording(5.0))
    async with running(client, store):
        await Source(client, recording_id).end()
        told = await recordings.next()
    assert told.duration_seconds == pytest.approx(5.0, abs=0.1)
    assert [one.number for one in told.stretches] == [0]
    assert told.file_size_bytes > 10_000
    for path in (objects.playlist(recording_id, "video"), objects.multivariant(recording_id)):
        assert b"#EXTM3U" in bytes(await (await store.get_async(path)).bytes_async())
