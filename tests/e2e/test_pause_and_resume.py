"""A pause is not in the video: its clock stops, the wall clock jumps, and players cross it without noticing."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio

from tests import media_checks, other_parsers, whip
from tests.browser import browsing, viewer
from tests.playlist_log import following
from tests.product import Product

pytestmark = pytest.mark.asyncio(loop_scope="module")

STRETCH_S = 4.0
PAUSE_S = 3.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def paused(product: Product) -> AsyncIterator[tuple[dict[str, Any], float]]:
    """A recording of two stretches with a pause between, and the seconds that were meant to be recorded."""
    loop = asyncio.get_running_loop()
    started = await product.start("Paused once")
    async with following(product.http, started["hls_url"]) as log:
        async with whip.sending(product, started, await whip.flash_and_beep()):
            began = loop.time()
            await asyncio.sleep(STRETCH_S)
            assert (await product.control(started["id"], "pause"))["status"] == "paused"
            meant = loop.time() - began
            await asyncio.sleep(PAUSE_S)
            assert (await product.control(started["id"], "resume"))["status"] == "recording"
            began = loop.time()
            await asyncio.sleep(STRETCH_S)
            await product.control(started["id"], "stop")
            meant += loop.time() - began
        await product.until(started["id"], "completed")
    assert await other_parsers.complaints(log.everything) == []
    yield started, meant


async def test_the_pause_is_not_in_the_video(product: Product, paused: tuple[dict[str, Any], float]) -> None:
    started, meant = paused
    playlist = await media_checks.text(product.http, product.hls(started["id"]))
    assert media_checks.seconds_in(playlist) == pytest.approx(meant, abs=0.4)
    video = await media_checks.pieces(product.http, product.hls(started["id"]))
    assert [await media_checks.complaints(piece) for piece in video] == [""] * len(video)
    assert max(media_checks.gaps(media_checks.pictures(video))) < 0.5


async def test_the_wall_clock_jumps_where_the_pause_was(product: Product, paused: tuple[dict[str, Any], float]) -> None:
    playlist = await media_checks.text(product.http, product.hls(paused[0]["id"]))
    jumps = [jump for jump in program_time_jumps(playlist) if abs(jump) > 0.5]
    assert jumps == [pytest.approx(PAUSE_S, abs=0.4)]


def program_time_jumps(playlist: str) -> list[float]:
    """For each date after the first: how much later it is than the dates and lengths before it say."""
    jumps, expected = [], None
    for line in playlist.splitlines():
        name, _, value = line.partition(":")
        if name == "#EXT-X-PROGRAM-DATE-TIME":
            at = datetime.fromisoformat(value).timestamp()
            jumps += [at - expected] if expected is not None else []
            expected = at
        elif name == "#EXTINF" and expected is not None:
            expected += float(value.rstrip(","))
    return jumps


async def test_playback_crosses_the_pause_without_a_stall(
    product: Product, paused: tuple[dict[str, Any], float]
) -> None:
    async with browsing() as chromium, viewer(chromium) as watching:
        await watching.open(f"{product.url}/watch/{paused[0]['id']}")
        waits = await watching.play_through(deadline_s=paused[1] + 15)
    assert waits == 0
