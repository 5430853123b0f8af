"""The DASH manifest over the same segments, as FFmpeg reads it: all of it, in time, without a complaint."""

import asyncio

import pytest

from tests.gateways.edge.given import SECONDS, Viewed


async def ran(*command: str) -> tuple[str, str]:
    """What it says, and what it complains about."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        said, complained = await process.communicate()
    return said.decode(), complained.decode()


async def test_ffmpeg_decodes_all_of_an_ended_one(viewed: Viewed) -> None:
    while await viewed.say_next():
        pass
    await viewed.end()
    await viewed.until_ended()
    url = viewed.address("manifest.mpd")
    packets, complaints = await ran(
        *("ffprobe", "-v", "warning", "-count_packets", "-show_entries", "stream=codec_name,nb_read_packets"),
        *("-of", "csv=p=0", url),
    )
    counted = dict(line.split(",")[:2] for line in packets.split())
    assert int(counted["h264"]) == pytest.approx(30 * SECONDS, abs=1)
    assert int(counted["opus"]) == pytest.approx(50 * SECONDS, abs=2)
    duration, _ = await ran("ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", url)
    assert float(duration) == pytest.approx(SECONDS, abs=0.1)
    assert not complaints


async def test_while_live_it_grows_is_never_kept_and_knows_the_time(viewed: Viewed) -> None:
    await viewed.say(1)
    assert (await viewed.get("manifest.mpd"))[0] == 200
    before = await viewed.text("manifest.mpd")
    await viewed.say(2)
    status, body, headers = await viewed.get("manifest.mpd", headers={"Accept-Encoding": "gzip"})
    assert (status, headers["Content-Type"], headers["Cache-Control"]) == (200, "application/dash+xml", "no-cache")
    assert 'type="dynamic"' in body.decode()
    assert "UTCTiming" in body.decode()
    assert body.decode() != before


async def test_before_there_is_a_whole_segment_it_says_so(viewed: Viewed) -> None:
    await viewed.say(0, 2)
    assert (await viewed.get("manifest.mpd"))[0] == 503
