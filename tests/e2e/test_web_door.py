"""Where no UDP gets through, and where the server goes away: the page sends over the web port, and nothing is lost."""

import asyncio
from itertools import pairwise

import pytest
from playwright.async_api import expect

from tests import media_checks
from tests.browser import Recorder, browsing, recorder, sources, viewer
from tests.product import Product

pytestmark = pytest.mark.asyncio(loop_scope="module")

NO_UDP = r"""{
  // The gateway's addresses lead nowhere (192.0.2.0/24 is for documentation), as behind a strict firewall.
  const set = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function ({type, sdp}) {
    return set.call(this, {type, sdp: sdp.replace(/^(a=candidate:\S+ 1 udp \S+) \S+/gmi, "$1 192.0.2.1")});
  };
}"""
BUSY_MS = 1_000
"""No picture is missing for longer: a browser that shares two cores with everything else leaves some out."""
SAME_S = 0.5


async def longest_gap_ms(product: Product, recording_id: str) -> float:
    """Between two pictures of the recording, by the clock that is drawn into them; all of it decodes."""
    video = await media_checks.pieces(product.http, product.hls(recording_id))
    seen = media_checks.seen(media_checks.pictures(video))
    shown = [one.clock_ms for one in seen if one.clock_ms is not None]
    assert shown == sorted(shown)
    return max(later - earlier for earlier, later in pairwise(shown))


async def seconds(product: Product, recording_id: str, rendition: str) -> float:
    return media_checks.seconds_in(
        await media_checks.text(product.http, product.hls(recording_id, f"{rendition}.m3u8"))
    )


async def begun(recording: Recorder) -> None:
    await recording.open()
    await recording.choose("screen")
    await recording.start()


async def test_without_udp_it_is_recorded_over_the_web_port_watched_live_and_goes_on_after_a_killed_gateway(
    product: Product,
) -> None:
    script = sources("moving", width=640, height=360)
    async with (
        browsing() as chromium,
        recorder(chromium, product.url, script, NO_UDP) as recording,
        viewer(chromium) as watching,
    ):
        await begun(recording)
        await expect(recording.page.locator("#line")).to_contain_text("over the web port")
        await watching.open(recording.link)
        await asyncio.sleep(2)
        before = (await watching.state())["time"]
        await product.kill("ingest")
        await recording.phase("Recording here")
        await expect(recording.page.get_by_test_id("phase")).to_have_text("Recording", timeout=30_000)
        await watching.page.wait_for_function(f"document.querySelector('video').currentTime > {before + 3}")
        meant = await recording.stop()
        assert recording.errors == []
    view = await product.until(recording.id, "completed")
    assert await longest_gap_ms(product, recording.id) < BUSY_MS, "pictures are missing"
    assert view["duration_seconds"] >= meant - SAME_S, "what was captured before and during the cut is there"
    video, audio = [await seconds(product, recording.id, rendition) for rendition in ("video", "audio")]
    assert video == pytest.approx(audio, abs=0.05)


async def test_what_a_reloaded_page_had_not_sent_is_sent_by_the_next_visit(product: Product) -> None:
    """WebRTC at first; then the gateway is deaf until the page has gone and come again."""
    script = sources("moving", width=640, height=360)
    async with browsing() as chromium, recorder(chromium, product.url, script) as recording:
        await begun(recording)
        await product.until_playlist(recording.id, "#EXTINF")
        stored = await seconds(product, recording.id, "video")
        for process in product.processes("ingest"):
            process.suspend()
        await recording.phase("Recording here")
        await asyncio.sleep(3)
        recording.page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        await recording.page.reload()
        await recording.press("finish")
        await product.kill("ingest")
        await recording.page.wait_for_url("**/watch/*", timeout=30_000)
    await product.until(recording.id, "completed")
    assert await seconds(product, recording.id, "video") > stored + 3
    assert await longest_gap_ms(product, recording.id) < BUSY_MS
