"""From the packager's parts to files on a disk that any player plays: archiver, AAC worker and poster together."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client
from obstore.store import LocalStore

from actors.jetstream.media_log import MediaLog
from actors.processing.actor import running as processing
from actors.runtime import actor as runtime
from actors.streaming.actor import running as streaming
from actors.streaming.contents import contents
from actors.streaming.sample_tables import SampleTables
from media.mp4 import samples
from media.packager import Packager
from media.samples import Init, Output, Part, VideoFrame
from schemas.envelope import MESSAGE_ID
from schemas.ids import new_id
from schemas.media import AAC, AUDIO, AUDIO_TIMESCALE, VIDEO, VIDEO_TIMESCALE, to_headers
from subjects import media, objects
from tests.actors.media_given import NatsServer, Source, connected, provision
from tests.actors.streaming.test_actor import Recordings
from tests.media import encoded

SECONDS = 7.0
TIMESCALES = {VIDEO: VIDEO_TIMESCALE, AUDIO: AUDIO_TIMESCALE}
WALL_US = 1_800_000_000_000_000
DEADLINE_S = 30.0


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    async with NatsServer(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def client(server: NatsServer) -> AsyncIterator[Client]:
    async with connected(server) as client:
        await provision(client)
        yield client


@pytest.fixture
async def recordings(client: Client) -> AsyncIterator[Recordings]:
    actor = Recordings()
    async with runtime.running(client, actor):
        yield actor


def packaged() -> Iterable[Output]:
    packager = Packager(video=True, audio=True)
    for sample in encoded.in_order(encoded.video(SECONDS), encoded.audio(SECONDS)):
        now = sample.arrived
        add = packager.add_video if isinstance(sample, VideoFrame) else packager.add_audio
        yield from add(sample, now, WALL_US + round(now * 1e6))  # type: ignore[operator]
    yield from packager.close(SECONDS, WALL_US + round(SECONDS * 1e6))


async def record(client: Client, recording_id: str) -> None:
    js = client.jetstream()
    for said in packaged():
        if isinstance(said, Init | Part):
            name = media.init if isinstance(said, Init) else media.part
            headers = to_headers(said.headers)
            headers[MESSAGE_ID] = media.message_id(recording_id, said.rendition, said.headers)
            await js.publish(name(recording_id, said.rendition), said.data, headers=headers)
    await Source(client, recording_id).end()


async def complaints(*arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *("ffmpeg", "-v", "warning", *arguments, "-f", "null", "-"), stderr=asyncio.subprocess.PIPE
    )
    _, said = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    return said.decode()


async def duration_s(path: Path) -> float:
    process = await asyncio.create_subprocess_exec(
        *("ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(path)),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    return float(said)


async def test_what_is_in_storage_plays_from_a_plain_folder(
    client: Client, recordings: Recordings, database: Any, tmp_path: Path
) -> None:
    store = LocalStore(tmp_path / "objects", mkdir=True)
    recording_id = new_id()
    async with streaming(client, store), processing(client, store, database):
        await record(client, recording_id)
        told = await recordings.next()
    folder = tmp_path / "objects" / objects.prefix(recording_id)
    assert told.duration_seconds == pytest.approx(SECONDS, abs=0.1)
    for rendition in (VIDEO, AUDIO, AAC):
        playlist = folder / f"{rendition}.m3u8"
        assert await complaints("-i", str(playlist)) == ""
        assert await duration_s(playlist) == pytest.approx(SECONDS, abs=0.15)
    assert await complaints("-i", str(folder / objects.MULTIVARIANT)) == ""


async def test_where_each_sample_lies_is_kept_beside_the_segments(
    client: Client, recordings: Recordings, tmp_path: Path
) -> None:
    """Whoever sealed it: one that has seen every segment pass, or one that has to read them back."""
    store = LocalStore(tmp_path / "objects", mkdir=True)
    recording_id = new_id()
    async with streaming(client, store, aac_wait_s=0.1):
        await record(client, recording_id)
        await recordings.next()
    folder = tmp_path / "objects" / objects.prefix(recording_id)
    for rendition in (VIDEO, AUDIO):
        kept = (folder / rendition / "samples.bin").read_bytes()
        found = samples.decode(kept)
        assert found == [
            samples.read((folder / rendition / f"{one.number}.m4s").read_bytes(), one.number, one.init) for one in found
        ]
        assert sum(one.duration for one in found) / TIMESCALES[rendition] == pytest.approx(SECONDS, abs=0.1)
        entries = await MediaLog(client).entries(recording_id)
        await SampleTables(store).store(contents(recording_id, entries))
        assert (folder / rendition / "samples.bin").read_bytes() == kept
