"""A viewer's requests against a real edge that follows a real log."""

import asyncio
import io

import av
import pytest

from tests.gateways.edge.given import Viewed


async def test_a_live_playlist_names_what_can_be_fetched(viewed: Viewed) -> None:
    await viewed.say(2, 2)
    multivariant = await viewed.text("master.m3u8")
    assert 'CODECS="avc1.42c00d,opus"' in multivariant
    assert "RESOLUTION=320x180" in multivariant
    playlist = await viewed.text("video.m3u8")
    assert playlist.count("#EXTINF") == 2
    assert "#EXT-X-ENDLIST" not in playlist
    data = b""
    for line in playlist.splitlines():
        uri = line.split('URI="')[1].split('"')[0] if "EXT-X-MAP" in line else line
        if uri and not uri.startswith("#"):
            status, body, headers = await viewed.get(uri)
            assert (status, headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
            data += body
    with av.open(io.BytesIO(data), "r") as file:
        assert sum(isinstance(frame, av.VideoFrame) for frame in file.decode(video=0)) == 120


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
    last = await viewed.until_ended()
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
    assert headers["Content-Type"] == "application/problem+json"
    assert b"detail" in body


async def test_ranges_and_compression(viewed: Viewed) -> None:
    await viewed.say(2, 2)
    _, whole, _ = await viewed.get("video/0.m4s")
    status, piece, headers = await viewed.get("video/0.m4s", headers={"Range": "bytes=10-19"})
    assert (status, piece) == (206, whole[10:20])
    assert headers["Content-Range"] == f"bytes 10-19/{len(whole)}"
    assert (await viewed.get("video/0.m4s", headers={"Range": f"bytes={len(whole)}-"}))[0] == 416
    _, _, headers = await viewed.get("video.m3u8")
    assert headers["Content-Encoding"] == "gzip"
