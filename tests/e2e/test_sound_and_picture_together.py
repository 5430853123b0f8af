"""A page that flashes and beeps in the same instant is heard and seen in the same instant."""

import asyncio
import statistics

import pytest

from tests import media_checks
from tests.browser import browsing, recorder, sources
from tests.product import Product

pytestmark = pytest.mark.asyncio(loop_scope="module")

RECORDED_S = 11


async def test_flash_and_beep_are_at_most_80_ms_apart(product: Product) -> None:
    script = sources("flash", width=640, height=360)
    async with browsing() as chromium, recorder(chromium, product.url, script) as recording:
        await recording.open()
        await recording.choose("screen")
        await recording.start()
        await asyncio.sleep(RECORDED_S)
        await recording.stop()
    await product.until(recording.id, "completed")
    video = await media_checks.pieces(product.http, product.hls(recording.id))
    audio = await media_checks.pieces(product.http, product.hls(recording.id, "audio.m3u8"))
    offsets = media_checks.av_offsets(video, audio)
    assert len(offsets) >= 3
    # The first one comes before the first sender reports.
    assert abs(statistics.median(offsets)) <= 0.08
    assert max(map(abs, offsets[1:])) <= 0.08
