"""The multivariant playlist grows when a recording has been made smaller; who has it open need not come again."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import nats.errors
import obstore
import pytest

from actors.outside.sandbox import Sandbox
from actors.processing.jobs.work import Job
from actors.processing.ladder.transcode_work import TranscodeWork
from media.hls import index as indices
from schemas.ids import LOCAL_WORKSPACE, RecordingId, job_id
from schemas.media import VIDEO
from schemas.processing import RenditionMade
from subjects import live, objects
from tests.actors.media_given import say, until
from tests.actors.processing.ladder.recorded import store_video
from tests.gateways.edge.given import Viewed

SIZES = [(854, 480), (854, 480), (640, 360)]


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(preload=("media.transcode.segment",)) as sandbox:
        yield sandbox


async def made(viewed: Viewed, sandbox: Sandbox) -> None:
    recording_id = RecordingId(viewed.id)
    said = Job(job_id(recording_id, "transcode"), recording_id, LOCAL_WORKSPACE, "transcode")
    work = TranscodeWork(viewed.client, viewed.store, sandbox)
    await work.finish(said, {unit.name: await work.do(said, unit) for unit in await work.plan(said)})


def listed(text: str) -> list[str]:
    return re.findall(r"^(\w+)\.m3u8$", text, re.MULTILINE)


async def test_rungs_are_listed_behind_the_source_and_served_from_storage(viewed: Viewed, sandbox: Sandbox) -> None:
    await store_video(viewed.store, viewed.id, SIZES)
    assert listed(await viewed.text("master.m3u8")) == [VIDEO]
    await made(viewed, sandbox)

    async def grown() -> bool:
        return listed(await viewed.text("master.m3u8")) == [VIDEO, "480p", "360p"]

    await until(grown)
    text = await viewed.text("master.m3u8")
    assert re.findall("RESOLUTION=([0-9x]+)(?:,FRAME-RATE=([0-9.]+))?", text) == [
        *(("854x480", ""), ("854x480", "30.000"), ("640x360", "30.000"))
    ]
    for name in ("480p", "360p"):
        playlist = await viewed.text(f"{name}.m3u8")
        assert playlist.replace(name, VIDEO) == await viewed.text("video.m3u8")
        for path in re.findall(rf"{name}/[-0-9a-z.]+", playlist):
            status, body, headers = await viewed.get(path)
            found = await obstore.get_async(viewed.store, objects.prefix(viewed.id) + path)
            assert (status, body, headers["Content-Type"]) == (200, bytes(await found.bytes_async()), "video/mp4")


async def test_what_cannot_be_read_of_the_rungs_hides_nothing_else(viewed: Viewed) -> None:
    await store_video(viewed.store, viewed.id, SIZES[:1])
    await viewed.store.put_async(objects.renditions(viewed.id), b"not this")
    assert listed(await viewed.text("master.m3u8")) == [VIDEO]


async def test_while_the_log_is_still_there_rungs_come_from_storage(viewed: Viewed, sandbox: Sandbox) -> None:
    await viewed.say(2)
    await viewed.end()
    await viewed.until_ended()
    await store_video(viewed.store, viewed.id, SIZES)
    await made(viewed, sandbox)
    await viewed.store.delete_async(objects.index(viewed.id))
    await say(viewed.client, RenditionMade(RecordingId(viewed.id), "360p", datetime.now(UTC)))

    async def there() -> bool:
        return (await viewed.get("360p.m3u8"))[0] == 200

    await until(there)
    playlist = await viewed.text("360p.m3u8")
    assert "#EXT-X-PART" not in playlist and playlist.endswith("#EXT-X-ENDLIST\n")
    index = indices.decode(bytes(await (await viewed.store.get_async(objects.renditions(viewed.id))).bytes_async()))
    for segment in index.renditions["360p"].segments:
        assert len((await viewed.get(f"360p/{segment.number}.m4s"))[1]) == segment.size_bytes


async def test_what_is_watched_live_is_said_and_what_has_ended_is_not(viewed: Viewed) -> None:
    heard = await viewed.client.subscribe(live.watched(viewed.id))
    await viewed.say(2)
    await viewed.text("master.m3u8")
    await heard.next_msg(timeout=5)
    other = Viewed(viewed.client, viewed.url, viewed.http, viewed.store)
    silent = await viewed.client.subscribe(live.watched(other.id))
    await other.say(2)
    await other.end()
    await other.text("master.m3u8")
    with pytest.raises(nats.errors.TimeoutError):
        await silent.next_msg(timeout=0.3)
