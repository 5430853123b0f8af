"""A browser without H.264 records like any other; a worker that is killed meanwhile costs nothing of it."""

import asyncio
import statistics

import pytest

from tests import media_checks
from tests.browser import browsing, recorder, sources
from tests.product import Product

pytestmark = pytest.mark.asyncio(loop_scope="module")

AFTERWARDS_S = 4.0
WITHOUT_H264 = """
// As Debian's Firefox: VP8 is what it has. What it sends is kept for `codec`.
const capabilities = RTCRtpSender.getCapabilities.bind(RTCRtpSender);
RTCRtpSender.getCapabilities = kind => {
  const found = capabilities(kind);
  if (kind === "video") found.codecs = found.codecs.filter(codec => /vp8|rtx/i.test(codec.mimeType));
  return found;
};
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...given) { super(...given); window.peer = this; }
};
"""
CODEC = """async () => {
  const found = [...(await window.peer.getStats()).values()];
  const video = found.find(one => one.type === "outbound-rtp" && one.kind === "video");
  return found.find(one => one.id === video.codecId).mimeType;
}"""


async def test_vp8_is_watched_live_and_kept_whole_though_the_worker_is_killed(product: Product) -> None:
    script = sources("flash", width=640, height=360)
    async with browsing() as chromium, recorder(chromium, product.url, WITHOUT_H264, script) as recording:
        await recording.open()
        await recording.choose("screen")
        await recording.start()
        await product.until_playlist(recording.id, "#EXTINF")
        assert await recording.page.evaluate(CODEC) == "video/VP8"
        await product.kill("processing")
        await asyncio.sleep(AFTERWARDS_S)
        meant = await recording.stop()
        assert recording.errors == []
    view = await product.until(recording.id, "completed", deadline_s=60)
    assert view["duration_seconds"] == pytest.approx(meant, abs=0.8)
    video = await media_checks.pieces(product.http, product.hls(recording.id))
    audio = await media_checks.pieces(product.http, product.hls(recording.id, "audio.m3u8"))
    for piece in (*video, *audio):
        assert await media_checks.complaints(piece) == ""
    assert max(media_checks.gaps(media_checks.pictures(video))) < 1, "a second is missing"
    offsets = media_checks.av_offsets(video, audio)
    assert len(offsets) >= 2
    assert abs(statistics.median(offsets)) <= 0.08
