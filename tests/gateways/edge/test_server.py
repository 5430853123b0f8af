"""A viewer's requests against a real edge that follows a real log."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import av
import pytest
from nats.aio.client import Client
from obstore.store import LocalStore

from gateways.edge import server
from media.packager import Packager
from media.samples import Init, Part
from schemas.envelope import MESSAGE_ID
from schemas.ids import new_id
from schemas.media import End, to_headers
from subjects import media
from tests.actors.media_given import NatsServer, connected, provision
from tests.media.encoded import audio, in_order, video
from tests.media.test_packager import Run


class Viewed:
    """A recording in the log, and the edge in front of it."""

    def __init__(self, client: Client, url: str, http: aiohttp.ClientSession) -> None:
        self.js = client.jetstream()
        self.id = new_id()
        self.url, self.http = url, http
        run = Run(Packager(video=True, audio=True)).feed(in_order(video(7), audio(7))).close(7.0)
        self.messages = [o for o in run.out if isinstance(o, Init | Part)]
        self.said = 0

    async def say(self, until_segment: int, until_part: int = 99) -> None:
        """Publish up to a part of video."""
        while self.said < len(self.messages):
            one = self.messages[self.said]
            if isinstance(one, Part) and (one.headers.segment, one.headers.part) > (until_segment, until_part):
                return
            name = media.init if isinstance(one, Init) else media.part
            headers = to_headers(one.headers) | {MESSAGE_ID: media.message_id(self.id, one.rendition, one.headers)}
            await self.js.publish(name(self.id, one.rendition), one.data, headers=headers)
            self.said += 1

    async def end(self) -> None:
        await self.js.publish(media.end(self.id), b"", headers=to_headers(End("stopped")))

    async def get(self, path: str, **keywords: object) -> tuple[int, bytes, aiohttp.typedefs.LooseHeaders]:
        async with self.http.get(f"{self.url}/hls/{self.id}/{path}", **keywords) as response:  # type: ignore[arg-type]
            return response.status, await response.read(), response.headers

    async def text(self, path: str) -> str:
        status, body, _ = await self.get(path)
        assert status == 200, body
        return body.decode()


@pytest.fixture
async def viewed(tmp_path: Path) -> AsyncIterator[Viewed]:
    async with NatsServer(tmp_path / "nats") as server_, connected(server_) as client:
        await provision(client)
        store = LocalStore(str(tmp_path / "objects"), mkdir=True)
        async with (
            server.running(client, store, listen=("127.0.0.1", 0), end_delay_s=0.3) as port,
            aiohttp.ClientSession() as http,
        ):
            yield Viewed(client, f"http://127.0.0.1:{port}", http)


async def test_a_live_playlist_names_what_can_be_fetched(viewed: Viewed) -> None:
    await viewed.say(2, 2)
    multivariant = await viewed.text("master.m3u8")
    assert 'CODECS="avc1.42c00c,opus"' in multivariant
    assert "RESOLUTION=320x180" in multivariant
    playlist = await viewed.text("video.m3u8")
    assert playlist.count("#EXTINF") == 2
    assert "#EXT-X-ENDLIST" not in playlist
    data = b""
    for line in playlist.splitlines():
        uri = line.split('URI="')[1].split('"')[0] if "EXT-X-MAP" in line else line
        if uri and not uri.startswith("#"):
            status, body, headers = await viewed.get(uri)
            assert (status, headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")  # type: ignore[index, call-overload]
            data += body
    with av.open(io.BytesIO(data)) as file:
        assert sum(1 for _ in file.decode(video=0)) == 120


async def test_a_blocking_reload_waits_for_its_part_and_no_longer(viewed: Viewed) -> None:
    await viewed.say(2, 2)
    await viewed.text("video.m3u8")
    waiting = asyncio.create_task(viewed.text("video.m3u8?_HLS_msn=2&_HLS_part=3"))
    hinted = asyncio.create_task(viewed.get("video/2.3.m4s"))
    await viewed.say(2, 3)
    async with asyncio.timeout(2):
        assert 'URI="video/2.3.m4s"' in await waiting
        assert (await hinted)[0] == 200


async def test_the_end_comes_a_moment_after_the_last_part(viewed: Viewed) -> None:
    await viewed.say(9)
    await viewed.end()
    first = await viewed.text("video.m3u8")
    last = first
    async with asyncio.timeout(5):
        while "#EXT-X-ENDLIST" not in last:
            last = await viewed.text("video.m3u8")
    assert "#EXT-X-ENDLIST" not in first
    assert last.count("#EXTINF") == 4


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("video.m3u8?_HLS_msn=99", 400),
        ("video.m3u8?_HLS_msn=x", 400),
        ("video.m3u8?_HLS_part=1", 400),
        ("other.m3u8", 404),
        ("video/77.m4s", 404),
        ("video/..%2f..%2fsecret", 404),
        ("../../../etc/passwd", 404),
        ("poster.jpg", 404),
    ],
)
async def test_bad_input_gets_its_status_and_a_sentence(viewed: Viewed, path: str, status: int) -> None:
    await viewed.say(2, 2)
    await viewed.text("master.m3u8")
    found, body, headers = await viewed.get(path)
    assert found == status
    assert headers["Content-Type"] == "application/problem+json"  # type: ignore[index, call-overload]
    assert b"detail" in body


async def test_ranges_and_compression(viewed: Viewed) -> None:
    await viewed.say(2, 2)
    _, whole, _ = await viewed.get("video/0.m4s")
    status, piece, headers = await viewed.get("video/0.m4s", headers={"Range": "bytes=10-19"})
    assert (status, piece) == (206, whole[10:20])
    assert headers["Content-Range"] == f"bytes 10-19/{len(whole)}"  # type: ignore[index, call-overload]
    assert (await viewed.get("video/0.m4s", headers={"Range": f"bytes={len(whole)}-"}))[0] == 416
    _, _, headers = await viewed.get("video.m3u8")
    assert headers["Content-Encoding"] == "gzip"  # type: ignore[index, call-overload]
