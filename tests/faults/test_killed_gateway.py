"""kill -9 of the gateway in mid-recording: the page carries on in the same recording; alone, it ends by itself."""

import asyncio
import time
from itertools import pairwise

import pytest

from tests import media_checks, whip
from tests.browser import browsing, recorder, sources
from tests.media_checks import CLOCK_WRAPS_MS
from tests.product import Product

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENVIRONMENT = {"LOOM_ABANDON_AFTER_S": "10"}
BACK_S = 5.0
PART_S = 1 / 3
STALLED_S = 3.5
TRANSIT_S = 0.25
"""From the captured page into the gateway: drawing, encoding, pacing."""


async def test_the_browser_is_back_within_five_seconds_and_at_most_one_part_is_missing(product: Product) -> None:
    script = sources("moving", width=640, height=360)
    async with browsing() as chromium, recorder(chromium, product.url, script) as recording:
        await recording.open()
        await recording.choose("screen")
        await recording.start()
        await product.until_playlist(recording.id, "#EXTINF")
        await asyncio.sleep(3)
        killed = time.time() * 1000 % CLOCK_WRAPS_MS
        await product.kill("ingest")
        await asyncio.sleep(BACK_S + 3)
        await recording.stop()
    await product.until(recording.id, "completed")
    video = await media_checks.pieces(product.http, product.hls(recording.id))
    assert [await media_checks.complaints(piece) for piece in video] == [""] * len(video)
    clocks = [one.clock_ms for one in media_checks.seen(media_checks.pictures(video)) if one.clock_ms is not None]
    assert clocks == sorted(clocks)
    before = max(clock for clock in clocks if clock <= killed)
    after = min(clock for clock in clocks if clock > killed)
    assert (after - killed) / 1000 <= BACK_S, "the browser was away for longer than it may"
    assert (killed - before) / 1000 <= PART_S + TRANSIT_S, "more than one part of what had been sent is missing"


async def test_a_gateway_that_stalls_loses_nothing(product: Product) -> None:
    """The page keeps sending while it seeks another way, and goes on as before when it is heard again."""
    script = sources("moving", width=640, height=360)
    async with browsing() as chromium, recorder(chromium, product.url, script) as recording:
        await recording.open()
        await recording.choose("screen")
        await recording.start()
        await product.until_playlist(recording.id, "#EXTINF")
        await asyncio.sleep(3)
        for process in product.processes("ingest"):
            process.suspend()
        await asyncio.sleep(STALLED_S)
        for process in product.processes("ingest"):
            process.resume()
        await asyncio.sleep(4)
        meant = await recording.stop()
    view = await product.until(recording.id, "completed")
    assert view["duration_seconds"] == pytest.approx(meant, abs=PART_S + TRANSIT_S)
    video = await media_checks.pieces(product.http, product.hls(recording.id))
    clocks = [one.clock_ms for one in media_checks.seen(media_checks.pictures(video)) if one.clock_ms is not None]
    assert max(later - earlier for earlier, later in pairwise(clocks)) / 1000 <= PART_S + TRANSIT_S


async def test_with_nobody_coming_back_it_ends_by_itself_and_is_playable(product: Product) -> None:
    started = await product.start("Abandoned")
    async with whip.sending(product, started, await whip.ordinary(), politely=False):
        await product.until_playlist(started["id"], "#EXTINF")
        await asyncio.sleep(3)
        last = media_checks.seconds_in(await media_checks.text(product.http, product.hls(started["id"])))
        await product.kill_and_wait("ingest")
    view = await product.until(started["id"], "completed", deadline_s=40)
    assert view["duration_seconds"] >= last - 0.05
    video = await media_checks.pieces(product.http, product.hls(started["id"]))
    assert [await media_checks.complaints(piece) for piece in video] == [""] * len(video)
