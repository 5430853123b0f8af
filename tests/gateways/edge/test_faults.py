"""Something the edge stands on is away, or a recording is: what was announced stays there, and nothing hangs."""

import asyncio
from pathlib import Path

import pytest

from actors.jetstream.follower import AWAY
from actors.outside import storage
from gateways.edge.windows import Windows
from media.hls import index as hls
from media.samples import Init
from schemas.ids import new_id
from schemas.media import End, to_headers
from schemas.recording import RecordingDeleted
from subjects import events, media, objects
from subjects.streams import MEDIA
from tests import hls_strict
from tests.actors.media_given import provision
from tests.gateways.edge.given import Viewed, edge, messages, viewing
from tests.servers import until


async def archive(viewed: Viewed) -> None:
    """Leave behind what the archiver leaves."""
    index, whole = hls.RecordingIndex(), dict[str, bytes]()
    for sequence, one in enumerate(messages(), 1):
        is_init = isinstance(one, Init)
        index.add(one.rendition, "init" if is_init else "part", to_headers(one.headers), len(one.data), sequence)
        name = objects.init if is_init else objects.segment
        path = name(viewed.id, one.rendition, one.headers.number if isinstance(one, Init) else one.headers.segment)
        whole[path] = whole.get(path, b"") + one.data
    index.add("all", "end", to_headers(End("stopped")), 0, 999)
    for path, data in whole.items():
        await storage.put(viewed.store, path, data)
    await storage.put(viewed.store, objects.index(viewed.id), hls.encode(index))


async def fetch_all(viewed: Viewed, playlist: str) -> bytes:
    found = b""
    for uri in hls_strict.announced(playlist):
        status, body, _ = await viewed.get(uri)
        assert status == 200, uri
        found += body
    return found


async def test_when_nats_is_killed_the_playlist_goes_on_with_its_return(tmp_path: Path) -> None:
    async with viewing(tmp_path) as (nats, viewed):
        await viewed.say(2, 2)
        before = await viewed.text("video.m3u8")
        nats.kill()
        status, body, _ = await viewed.get("video.m3u8")
        assert (status, body.decode()) == (200, before)  # what is known is still said
        waiting = asyncio.create_task(viewed.text("video.m3u8?_HLS_msn=2&_HLS_part=4"))
        nats.start()
        await until(lambda: _says(viewed, 2, 4))
        async with asyncio.timeout(6):
            after = await waiting
        assert hls_strict.check([before, after]) == []
        await fetch_all(viewed, after)


async def _says(viewed: Viewed, segment: int, part: int) -> bool:
    """Publish up to there as soon as somebody takes it."""
    try:
        async with asyncio.timeout(1):
            await viewed.say(segment, part)
    except AWAY:
        return False
    return True


async def test_without_nats_a_new_viewer_is_told_to_come_again(tmp_path: Path) -> None:
    async with viewing(tmp_path) as (nats, viewed):
        await viewed.say(2, 2)
        nats.kill()
        async with asyncio.timeout(15):
            status, body, headers = await viewed.get("video.m3u8")
        assert (status, headers["Retry-After"]) == (503, "1")
        assert b"detail" in body
        assert headers["X-Request-Id"]
        nats.start()
        await until(lambda: _says(viewed, 2, 3))
        assert (await viewed.get("video.m3u8"))[0] == 200


async def test_what_is_archived_needs_nothing_but_storage(viewed: Viewed) -> None:
    await archive(viewed)
    async with edge(viewed.client, Path(str(viewed.store.prefix))) as other:
        other.id = viewed.id
        video = await other.text("video.m3u8")
        assert "#EXT-X-PLAYLIST-TYPE:VOD" in video
        assert hls_strict.complaints(video) == []
        assert hls_strict.complaints(await other.text("master.m3u8")) == []
        assert await fetch_all(other, video) == b"".join(one.data for one in messages() if one.rendition == "video")
        assert (await other.get("audio/1.2.m4s"))[1] == next(
            one.data
            for one in messages()
            if not isinstance(one, Init) and (one.rendition, one.headers.segment, one.headers.part) == ("audio", 1, 2)
        )


async def test_a_viewer_sees_nothing_of_the_log_being_purged(tmp_path: Path) -> None:
    async with viewing(tmp_path, cache_bytes=100_000) as (_, viewed):
        await viewed.say(99)
        await viewed.end()
        playlist = await viewed.until_ended()
        await archive(viewed)
        await viewed.js.purge_stream(MEDIA.name, subject=media.recording(viewed.id))
        whole = b"".join(one.data for one in messages() if one.rendition == "video")
        wholes = [line for line in playlist.splitlines() if not line.startswith("#")]
        bodies = [(await viewed.get(uri))[1] for uri in ["video/init-0.mp4", *wholes]]
        assert b"".join(bodies) == whole
        await fetch_all(viewed, playlist)


async def test_a_sequence_that_is_another_recordings_now_is_not_served(tmp_path: Path) -> None:
    async with viewing(tmp_path, cache_bytes=1) as (_, viewed):
        await viewed.say(2, 2)
        await viewed.text("video.m3u8")
        await viewed.js.delete_stream(MEDIA.name)
        await provision(viewed.client)
        mine, viewed.id, viewed.said = viewed.id, new_id(), 0
        await viewed.say(9)
        viewed.id = mine
        assert (await viewed.get("video/1.0.m4s"))[0] in (404, 503)


async def test_when_storage_is_away_the_log_is_served(tmp_path: Path) -> None:
    async with viewing(tmp_path) as (_, viewed):
        (tmp_path / "objects").rmdir()
        (tmp_path / "objects").write_text("not a folder")
        await viewed.say(2, 2)
        await fetch_all(viewed, await viewed.text("video.m3u8"))


async def test_a_deleted_recording_is_gone_at_once_and_whoever_waits_is_told(viewed: Viewed) -> None:
    await viewed.say(2, 2)
    await viewed.text("video.m3u8")
    waiting = asyncio.create_task(viewed.get("video.m3u8?_HLS_msn=2&_HLS_part=3"))
    await asyncio.wait([waiting], timeout=0.1)
    await viewed.js.publish(events.of(RecordingDeleted, viewed.id), b"{}")
    async with asyncio.timeout(2):
        assert (await waiting)[0] == 410
    for path in ("master.m3u8", "video.m3u8", "video/0.m4s", "video/0.0.m4s", "video/init-0.mp4"):
        assert (await viewed.get(path))[0] == 410


async def test_a_message_that_cannot_be_read_does_no_harm(viewed: Viewed) -> None:
    await viewed.say(1, 3)
    await viewed.text("video.m3u8")
    await viewed.js.publish(media.part(viewed.id, "video"), b"?", headers={"Loom-Segment": "many"})
    await viewed.js.publish(media.init(viewed.id, "video"), b"?")
    await viewed.say(2, 2)
    assert "video/2.2.m4s" in await viewed.text("video.m3u8?_HLS_msn=2&_HLS_part=2")


@pytest.mark.parametrize("path", ["master.m3u8", "video.m3u8", "video/0.m4s"])
async def test_a_recording_nobody_knows_of_is_refused_soon(viewed: Viewed, path: str) -> None:
    async with asyncio.timeout(3):
        assert (await viewed.get(path))[0] in (404, 503)  # 503: there is no recording service here to say so


async def test_what_nobody_watches_is_dropped(viewed: Viewed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateways.edge.windows.UNUSED_S", 0.1)
    monkeypatch.setattr("gateways.edge.windows.SWEEP_S", 0.05)
    dropped = asyncio.Event()
    drop = Windows._drop

    def seen(self: Windows, recording_id: str) -> object:
        dropped.set()
        return drop(self, recording_id)

    monkeypatch.setattr(Windows, "_drop", seen)
    async with edge(viewed.client, Path(str(viewed.store.prefix))) as other:
        await other.say(2, 2)
        await other.text("video.m3u8")
        async with asyncio.timeout(3):
            await dropped.wait()
        assert "video/2.2.m4s" in await other.text("video.m3u8")


async def test_the_edge_ends_soon_whatever_it_is_doing(tmp_path: Path) -> None:
    async with viewing(tmp_path) as (nats, viewed):
        async with asyncio.timeout(8):
            async with edge(viewed.client, tmp_path / "objects") as other:
                other.id, other.http = viewed.id, viewed.http
                await viewed.say(2, 2)
                await other.text("video.m3u8")
                waiting = asyncio.create_task(other.get("video.m3u8?_HLS_msn=2&_HLS_part=3"))
                opening = asyncio.create_task(other.get("master.m3u8"))
                await asyncio.wait([waiting, opening], timeout=0.1)
                nats.kill()
        assert {status for status, _, _ in await asyncio.gather(waiting, opening)} <= {200, 503}
        nats.start()
        await until(lambda: _says(viewed, 2, 3))
