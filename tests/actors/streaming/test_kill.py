"""`kill -9` of the service again and again, wherever it happens to be: the archive is as if nothing had happened."""

import asyncio
import os
import random
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from nats.aio.client import Client
from obstore.store import LocalStore

from actors.streaming.actor import running
from media.hls import index as hls
from schemas.ids import new_id
from schemas.media import AUDIO, VIDEO
from subjects import objects
from subjects.consumers import ARCHIVER
from tests.actors.media_given import NatsServer, provision, segment_bytes
from tests.actors.streaming.test_actor import Recordings, Talk, get, recordings, sizes

__all__ = ["recordings"]
SEGMENTS = 12
KILLS = 8


@pytest.mark.parametrize("seed", [1, 2])
async def test_killed_again_and_again_it_ends_with_the_same_objects(
    server: NatsServer, client: Client, store: LocalStore, recordings: Recordings, tmp_path: Path, seed: int
) -> None:
    await client.jetstream().delete_consumer(ARCHIVER.stream, ARCHIVER.name)
    await provision(client, ack_wait_s=2.0)
    talk = Talk(client, new_id())
    killing = asyncio.create_task(_kill_again_and_again(server, tmp_path / "objects", random.Random(seed)))
    await _record(talk)
    await killing
    async with running(client, store, aac_wait_s=0.1):
        told = await recordings.next()
    index = hls.decode(await get(store, objects.index(talk.recording_id)))
    for rendition in (VIDEO, AUDIO):
        assert [segment.number for segment in index.renditions[rendition].segments] == list(range(SEGMENTS))
        for number in range(SEGMENTS):
            path = objects.segment(talk.recording_id, rendition, number)
            assert await get(store, path) == segment_bytes(rendition, number)
    assert told.file_size_bytes == sum((await sizes(store, talk.recording_id)).values())


async def _record(talk: Talk) -> None:
    await talk.init()
    for number in range(SEGMENTS):
        await talk.segments(number, number)
        await talk.sound(AUDIO, number, number)
        await asyncio.sleep(0.5)
    await talk.end()


async def _kill_again_and_again(server: NatsServer, folder: Path, chance: random.Random) -> None:
    for _ in range(KILLS):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.actors.streaming.actor_process", server.url, str(folder)),
            cwd=Path(__file__).parents[3],
        )
        await asyncio.sleep(0.5 + chance.random())
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        await process.wait()
