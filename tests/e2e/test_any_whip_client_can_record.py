"""Record through the API and WHIP alone, as OBS or GStreamer would, and look at all that comes out: by links that end."""

import asyncio
import statistics

import pytest
from playwright.async_api import Request, Response, expect

from gateways.http.signing import MEDIA_ROOT
from ops.bench.browser import page_of
from tests import hls_rules, media_checks, other_parsers, whip
from tests.browser import browsing
from tests.playlist_log import PlaylistLog, following
from tests.product import Product
from tests.servers import until
from tests.strangers.install import installed

pytestmark = pytest.mark.asyncio(loop_scope="module")

RECORDED_S = 10
ENVIRONMENT = {"LOOM_LINK_TTL_S": "3"}
DASH = """url => {
  window.video = document.body.appendChild(document.createElement("video"));
  video.muted = true;
  window.errors = [];
  window.at = Infinity;
  video.addEventListener("playing", () => (at = Math.min(at, video.currentTime)));
  const player = dashjs.MediaPlayer().create();
  player.on("error", ({error}) => errors.push(error.message));
  player.initialize(video, url, true);
}"""


async def test_what_is_sent_is_watched_live_and_kept_whole(product: Product) -> None:
    started = await product.start("By API", "screen_webcam")
    assert started["status"] == "preparing"
    async with following(product.http, product.hls(started["id"], "master.m3u8")) as log:
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


async def test_any_dash_player_can_watch_live_and_to_the_end(product: Product) -> None:
    started = await product.start("By DASH")
    script = await installed() / "dashjs" / "dist" / "dash.all.min.js"
    async with browsing() as chromium, page_of(chromium) as page:
        async with whip.sending(product, started, await whip.ordinary()):
            await product.until_playlist(started["id"], "/1.m4s")
            await page.goto(product.url)  # the library; any page will do
            await page.add_script_tag(path=script)
            await page.evaluate(DASH, product.hls(started["id"], "manifest.mpd"))
            await page.wait_for_function("video.currentTime > at + 3", timeout=20_000)
            await product.control(started["id"], "stop")
        view = await product.until(started["id"], "completed")
        await page.wait_for_function(f"video.currentTime > {view['duration_seconds'] - 0.2}", timeout=20_000)
        assert await page.evaluate("errors") == []


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


async def test_who_watches_goes_on_and_a_leaked_link_is_dead(product: Product) -> None:
    started = await product.start("Watched for long")
    tokens, refused = set[str](), list[int]()

    def asked(request: Request) -> None:
        if MEDIA_ROOT in request.url and request.url.endswith(".m4s"):
            tokens.add(request.url.partition(MEDIA_ROOT)[0])

    def answered(response: Response) -> None:
        if MEDIA_ROOT in response.url and response.status == 403:
            refused.append(response.status)

    async def is_dead() -> bool:
        async with product.http.get(started["hls_url"]) as response:
            return response.status == 403

    async with whip.sending(product, started, await whip.ordinary()), browsing() as chromium, page_of(chromium) as page:
        page.on("request", asked)
        page.on("response", answered)
        await page.goto(started["watch_url"])
        video = page.locator("video")
        await expect(video).to_have_js_property("paused", False)
        await until(is_dead)

        at = await video.evaluate("video => video.currentTime")

        async def has_played_on() -> bool:
            return len(tokens) > 2 and bool(await video.evaluate(f"video => video.currentTime > {at + 1}"))

        await until(has_played_on)
    assert not refused
