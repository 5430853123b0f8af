"""What is written down of /hls/ is what the edge answers."""

from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from actors.outside.sandbox import Sandbox
from actors.processing.edits.maker import Maker
from gateways.http import hls, signing
from media.audio import waveform
from media.edits.edit_list import Range
from schemas.ids import new_id
from subjects import objects
from tests.gateways.edge.archive import store_all
from tests.gateways.edge.given import messages, viewing
from tests.openapi_contract import conforming, matches

SECRET = b"a secret for tests"
SEGMENT = "video/0.m4s"


async def test_what_it_answers_is_written_down(tmp_path: Path) -> None:
    answered = set()
    async with (
        viewing(tmp_path, secret=SECRET) as (_, viewed),
        aiohttp.ClientSession(viewed.url, trace_configs=conforming("/")) as http,
    ):

        async def asked(path: str, recording_id: str = viewed.id, **headers: str) -> int:
            async with http.get(signed(recording_id, path), headers=headers) as response:
                answered.update(one.name for one in hls.OPERATIONS if matches(hls.signed(one).path, response.url.path))
                return response.status

        await viewed.say(1)
        written = {"waveform.json": msgspec.json.encode(waveform.merge([], 1.0))}
        pictures = "poster.jpg", "preview.webp", "thumbnails.vtt", "sprite-0.jpg", "waveform.json"
        for name in pictures:
            await viewed.store.put_async(objects.prefix(viewed.id) + name, written.get(name, b"made"))
        for path, headers, status in (
            ("master.m3u8", {}, 200),
            ("master.m3u8", {"If-None-Match": await etag(http, viewed.id)}, 304),
            ("manifest.mpd", {}, 200),
            ("video.m3u8", {}, 200),
            ("video.m3u8?_HLS_msn=0&_HLS_part=0&_HLS_skip=YES", {}, 200),
            ("video.m3u8?_HLS_msn=x", {}, 400),
            ("video.m3u8?_HLS_part=0", {}, 400),
            ("video.m3u8?_HLS_msn=99", {}, 400),
            ("nothing.m3u8", {}, 404),
            ("video/init-0.mp4", {}, 200),
            ("video/init-9.mp4", {}, 404),
            (SEGMENT, {}, 200),
            (SEGMENT, {"Range": "bytes=0-9"}, 206),
            (SEGMENT, {"Range": "bytes=999999999-"}, 416),
            ("video/9.m4s", {}, 404),
            ("video/0.0.m4s", {}, 200),
            ("audio/0.0.m4s", {}, 200),
            ("video/0.99.m4s", {}, 404),
            *((name, {}, 200) for name in pictures),
            ("sprite-0.jpg?v=1f", {"If-None-Match": await etag(http, viewed.id, "sprite-0.jpg")}, 304),
            ("sprite-1.jpg", {}, 404),
            ("download.mp4", {}, 409),
        ):
            assert await asked(path, **headers) == status, path
        assert await asked("master.m3u8", "nothing") == 404
        assert await asked("poster.jpg", new_id()) == 404
        await store_all(viewed.store, other := new_id(), messages())
        for path, headers, status in (
            ("download.mp4", {}, 200),
            ("download.m4a", {"Range": "bytes=9-99"}, 206),
            ("download.mp4", {"Range": "bytes=999999999-"}, 416),
            ("download.mp4", {"If-None-Match": await etag(http, other, "download.mp4")}, 304),
        ):
            assert await asked(path, other, **headers) == status, path
        async with Sandbox() as sandbox:
            await Maker(viewed.store, sandbox).make(other, 1, [Range(0.5, 3.0)])
        for path, status in (
            ("original/master.m3u8", 200),
            ("edits/1/master.m3u8", 200),
            ("edits/1/video.m3u8", 200),
            ("edits/2/video.m3u8", 404),
            ("edits/1/video/init-0.mp4", 200),
            ("edits/1/video/0.m4s", 200),
            ("edits/1/video/99.m4s", 404),
        ):
            assert await asked(path, other) == status, path
        async with http.get(signed(viewed.id, "master.m3u8", expires_at=1)) as response:
            assert response.status == 403
    assert answered == {one.name for one in hls.OPERATIONS}


def signed(recording_id: str, rest: str, expires_at: int = 4_000_000_000) -> str:
    return signing.path(SECRET, recording_id, expires_at, rest)


async def etag(http: Any, recording_id: str, name: str = "master.m3u8") -> str:
    async with http.get(signed(recording_id, name)) as response:
        return str(response.headers["ETag"])
