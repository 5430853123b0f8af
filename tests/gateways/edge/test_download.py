"""A recording as a file: whole, by range, resumed; and a sentence where there is none."""

import asyncio
import io
from datetime import UTC, datetime
from pathlib import Path

import av
import pytest

from actors.runtime import actor as runtime
from actors.runtime.actor import Actor
from actors.runtime.handlers import query
from gateways.edge import download
from media.samples import Part
from schemas.envelope import Caller
from schemas.ids import LOCAL_USER, LOCAL_WORKSPACE
from schemas.recording import GetRecording, RecordingView, Status
from subjects import objects
from tests.gateways.edge.archive import store_all
from tests.gateways.edge.given import SECONDS, Viewed, messages

MP4, M4A = "download.mp4", "download.m4a"


@pytest.fixture
async def whole(viewed: Viewed) -> bytes:
    """The MP4 of a recording that is complete in storage."""
    await store_all(viewed.store, viewed.id, messages())
    status, body, headers = await viewed.get(MP4)
    assert (status, headers["Content-Type"], headers["Accept-Ranges"]) == (200, "video/mp4", "bytes")
    assert headers["Content-Disposition"].startswith(f'attachment; filename="{viewed.id}.mp4"')
    return body


def payloads(body: bytes, kind: str) -> list[bytes]:
    with av.open(io.BytesIO(body)) as opened:
        stream = next(one for one in opened.streams if one.type == kind)
        return [bytes(packet) for packet in opened.demux(stream) if packet.size]


async def test_the_file_holds_what_was_recorded(whole: bytes) -> None:
    recorded = b"".join(one.data for one in messages() if isinstance(one, Part) and one.rendition == "video")
    frames = payloads(whole, "video")
    assert len(frames) == round(SECONDS * 30)
    assert all(frame in recorded for frame in frames)
    with av.open(io.BytesIO(whole)) as opened:
        assert sum(1 for _ in opened.decode(video=0)) == len(frames)


async def test_sound_alone(viewed: Viewed, whole: bytes) -> None:
    status, body, headers = await viewed.get(M4A)
    assert (status, headers["Content-Type"]) == (200, "audio/mp4")
    assert payloads(body, "audio") == payloads(whole, "audio")
    assert b"avc1" not in body


async def test_every_range_is_a_piece_of_the_whole(viewed: Viewed, whole: bytes) -> None:
    last = len(whole) - 1
    segment = len(whole) - (await viewed.store.head_async(objects.segment(viewed.id, "audio", 3)))["size"]
    for start, end in ((0, 0), (0, 99), (5000, 60_000), (segment - 9, segment + 9), (last, last), (1, last)):
        status, body, headers = await viewed.get(MP4, headers={"Range": f"bytes={start}-{end}"})
        assert (status, headers["Content-Range"]) == (206, f"bytes {start}-{end}/{len(whole)}")
        assert body == whole[start : end + 1]
    assert (await viewed.get(MP4, headers={"Range": "bytes=-70"}))[1] == whole[-70:]
    status, _, headers = await viewed.get(MP4, headers={"Range": f"bytes={last + 1}-"})
    assert (status, headers["Content-Range"]) == (416, f"bytes */{len(whole)}")


async def test_a_download_that_broke_off_is_resumed(viewed: Viewed, whole: bytes) -> None:
    async with viewed.http.get(viewed.address(MP4)) as response:
        etag, begun = response.headers["ETag"], await response.content.readexactly(70_000)
        response.close()
    _, rest, _ = await viewed.get(MP4, headers={"Range": f"bytes={len(begun)}-", "If-Range": etag})
    assert begun + rest == whole
    status, body, _ = await viewed.get(MP4, headers={"Range": "bytes=70000-", "If-Range": '"another"'})
    assert (status, body) == (200, whole)
    assert (await viewed.get(MP4, headers={"If-None-Match": etag}))[0] == 304


async def test_head_says_how_long_it_is(viewed: Viewed, whole: bytes) -> None:
    status, body, headers = await viewed.get(MP4, "HEAD")
    assert (status, body, headers["Content-Length"]) == (200, b"", str(len(whole)))


async def test_a_recording_without_tables_is_read_itself(viewed: Viewed, whole: bytes) -> None:
    """Older ones have none; the file is the same."""
    for rendition in ("video", "audio"):
        await viewed.store.delete_async(objects.samples(viewed.id, rendition))
    assert (await viewed.get("download.mp4"))[1] == whole


async def test_while_it_is_being_recorded_there_is_none(viewed: Viewed) -> None:
    await viewed.say(1)
    status, body, _ = await viewed.get(MP4)
    assert (status, b"once it has been stopped" in body) == (409, True)


async def test_whoever_asks_in_the_moment_of_the_stop_waits_for_it(viewed: Viewed) -> None:
    await viewed.say(99)
    await viewed.end()
    await viewed.until_ended()
    asked = asyncio.create_task(viewed.get(MP4))
    await store_all(viewed.store, viewed.id, messages())
    assert (await asked)[0] == 200


async def test_what_cannot_be_is_said(viewed: Viewed, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = [one for one in messages() if one.rendition == "video"]
    await store_all(viewed.store, viewed.id, picture)
    assert (await viewed.get(MP4))[0] == 200
    status, body, _ = await viewed.get(M4A)
    assert (status, b"no sound" in body) == (404, True)
    monkeypatch.setattr(download, "SEALING_S", 0.0)
    assert (await viewed.http.get(f"{viewed.url}/hls/nothing/{MP4}")).status == 404


async def test_sound_alone_was_recorded(viewed: Viewed) -> None:
    await store_all(viewed.store, viewed.id, [one for one in messages() if one.rendition == "audio"])
    _, body, _ = await viewed.get(MP4)
    assert len(payloads(body, "audio")) == SECONDS * 50


class Named(Actor, service="recording"):
    """Knows the recording's title."""

    def __init__(self, title: str) -> None:
        self.title = title

    @query
    async def get(self, said: GetRecording, caller: Caller) -> RecordingView:  # noqa: ARG002
        at = datetime.now(UTC)
        return RecordingView(
            said.recording_id, LOCAL_USER, LOCAL_WORKSPACE, self.title, "", "screen", Status.COMPLETED, {}, at, at
        )


async def test_the_file_is_called_like_the_recording(viewed: Viewed) -> None:
    await store_all(viewed.store, viewed.id, messages())
    async with runtime.running(viewed.client, Named('Über "uns"/..\r\nSet-Cookie: x')):
        _, _, headers = await viewed.get(MP4, "HEAD")
    said = headers["Content-Disposition"]
    assert said.startswith("attachment; filename=\"_ber uns .. Set-Cookie x.mp4\"; filename*=UTF-8''%C3%9Cber%20uns")


async def test_storage_that_is_away_in_the_middle_breaks_off(viewed: Viewed, tmp_path: Path) -> None:
    """So the client sees that it has not everything, and resumes."""
    await store_all(viewed.store, viewed.id, messages())
    (tmp_path / "objects" / objects.segment(viewed.id, "video", 2)).write_bytes(b"short")
    with pytest.raises(Exception, match=r"(?i)payload|closed|disconnected"):
        await viewed.get(MP4)
