"""An edited recording as players and downloads see it: exactly what was kept, and all of it again when undone."""

import asyncio
import io
from collections.abc import Sequence

import av
import pytest

from actors.outside.sandbox import Sandbox
from actors.processing.edits.maker import Maker
from media.edits.edit_list import Range
from subjects import objects
from tests.gateways.edge.archive import store_all
from tests.gateways.edge.given import Viewed
from tests.media.edits import numbered

SECONDS = 7.0
KEEP = [(0.5, 3.0), (4.3, 5.0)]
DEADLINE_S = 30.0


@pytest.fixture
async def maker(viewed: Viewed) -> Maker:
    await store_all(viewed.store, viewed.id, numbered.recording(SECONDS))
    return Maker(viewed.store, Sandbox())


async def edit(viewed: Viewed, maker: Maker, keep: Sequence[tuple[float, float]], number: int = 1) -> None:
    async with maker._sandbox:
        await maker.make(viewed.id, number, [Range(*one) for one in keep])
    await maker.show(viewed.id, number)


def expected(*keep: tuple[float, float]) -> list[int]:
    return [n for n in range(round(SECONDS * 30)) if any(a - 1e-6 <= n / 30 < b - 1e-6 for a, b in keep)]


def frames(url_or_file: str | io.BytesIO) -> list[int]:
    with av.open(url_or_file) as opened:
        return [numbered.number_of(frame) for frame in opened.decode(video=0)]


async def complaints(url: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *("ffmpeg", "-v", "warning", "-i", url, "-map", "0:a", "-f", "null", "-"), stderr=asyncio.subprocess.PIPE
    )
    _, said = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    return said.decode()


async def test_the_playlist_holds_the_frames_that_are_kept(viewed: Viewed, maker: Maker) -> None:
    master = viewed.address("master.m3u8")
    assert await asyncio.to_thread(frames, master) == expected((0, SECONDS))
    await edit(viewed, maker, KEEP)
    assert await asyncio.to_thread(frames, master) == expected(*KEEP)
    assert (await viewed.get("master.m3u8"))[2]["Cache-Control"] == "no-cache"
    assert await complaints(master) == ""
    text = await viewed.text("edits/1/video.m3u8")
    assert text.count("#EXT-X-MAP") == text.count("edits/1/video/init") + text.count("../../video/init")
    assert text.count("#EXT-X-DISCONTINUITY\n") == (await viewed.text("edits/1/audio.m3u8")).count(
        "#EXT-X-DISCONTINUITY\n"
    )
    assert "#EXT-X-ENDLIST" in text


async def test_undone_all_of_it_is_shown_again_and_the_original_always(viewed: Viewed, maker: Maker) -> None:
    await edit(viewed, maker, KEEP)
    assert await asyncio.to_thread(frames, viewed.address("original/master.m3u8")) == expected((0, SECONDS))
    assert (await viewed.get("manifest.mpd"))[0] == 404
    await maker.show(viewed.id, 0)
    assert (await viewed.get("manifest.mpd"))[0] == 200
    assert "edits/" not in await viewed.text("master.m3u8")
    assert await asyncio.to_thread(frames, viewed.address("edits/1/master.m3u8")) == expected(*KEEP)


async def test_the_download_is_what_is_shown(viewed: Viewed, maker: Maker) -> None:
    _, whole, before = await viewed.get("download.mp4")
    await edit(viewed, maker, KEEP)
    _, body, after = await viewed.get("download.mp4")
    assert before["ETag"] != after["ETag"]
    assert frames(io.BytesIO(body)) == expected(*KEEP)
    with av.open(io.BytesIO(body)) as opened:
        assert opened.duration / 1e6 == pytest.approx(sum(b - a for a, b in KEEP), abs=0.05)
        ends = [float((one.start_time + one.duration) * one.time_base) for one in opened.streams]
    assert ends[0] == pytest.approx(ends[1], abs=0.05)
    await maker.show(viewed.id, 0)
    assert (await viewed.get("download.mp4"))[1] == whole


async def test_what_is_no_version_is_said(viewed: Viewed, maker: Maker) -> None:
    await edit(viewed, maker, KEEP)
    for path in ("edits/9/master.m3u8", "edits/1/other.m3u8", "edits/1/video/99.m4s", "edits/1/nothing", "edits/x/a"):
        assert (await viewed.get(path))[0] == 404, path
    status, part, _ = await viewed.get("edits/1/video/0.m4s", headers={"Range": "bytes=0-9"})
    assert (status, len(part)) == (206, 10)
    await viewed.store.put_async(objects.edit(viewed.id), b"{")
    assert (await viewed.get("master.m3u8"))[0] == 200
