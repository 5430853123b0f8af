"""Record through the API and WHIP alone, as OBS or GStreamer would, and look at all that comes out."""

import asyncio
import statistics

import pytest

from tests import hls_rules, media_checks, other_parsers, whip
from tests.playlist_log import PlaylistLog, following
from tests.product import Product

pytestmark = pytest.mark.asyncio(loop_scope="module")

RECORDED_S = 10


async def test_what_is_sent_is_watched_live_and_kept_whole(product: Product) -> None:
    started = await product.start("By API", "screen_webcam")
    assert started["status"] == "preparing"
    async with following(product.http, started["hls_url"]) as log:
        async with whip.sending(product, started, await whip.flash_and_beep()):
            await product.until(started["id"], "recording")
            await asyncio.sleep(RECORDED_S)
            live = media_checks.seconds_in(await media_checks.text(product.http, product.hls(started["id"])))
            assert live > RECORDED_S - 1.5, "the live playlist is more than a second and a half behind"
            stopped = await product.control(started["id"], "stop")
        assert stopped["status"] in {"processing", "completed"}
    view = await product.until(started["id"], "completed")

    assert view["duration_seconds"] == pytest.approx(RECORDED_S, abs=0.8)
    assert view["file_size_bytes"] > 10_000
    await _everything_decodes(product, started["id"])
    await _every_playlist_is_accepted(log)
    assert not log.failures


async def _everything_decodes(product: Product, recording_id: str) -> None:
    video = await media_checks.pieces(product.http, product.hls(recording_id))
    audio = await media_checks.pieces(product.http, product.hls(recording_id, "audio.m3u8"))
    for piece in (*video, *audio):
        assert await media_checks.complaints(piece) == ""
    seen = media_checks.pictures(video)
    assert max(media_checks.gaps(seen)) < 0.1, "a picture is missing"
    offsets = media_checks.av_offsets(video, audio)
    assert len(offsets) >= 3
    assert abs(statistics.median(offsets)) <= 0.08
    assert max(map(abs, offsets)) <= 0.08


async def _every_playlist_is_accepted(log: PlaylistLog) -> None:
    assert len(log.everything) > 2 * 2 * RECORDED_S
    assert await other_parsers.complaints(log.everything) == []
    for url, answers in log.media.items():
        assert hls_rules.check(answers) == [], url
        assert [problem for one in log.deltas[url] for problem in hls_rules.complaints(one)] == []
        assert len(log.deltas[url]) > 2
