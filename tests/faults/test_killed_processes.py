"""kill -9 of every process in turn, during one recording: it goes on, and all that was shown to anybody is kept."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from urllib.parse import urljoin

import pytest
import pytest_asyncio

from tests import media_checks, whip
from tests.playlist_log import PlaylistLog, following
from tests.product import Product

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROCESSES = ("edge", "api", "recording", "streaming", "processing", "redis-server", "postgres", "nats-server")
GOES_ON_DEADLINE_S = 20


class Going(NamedTuple):
    """A recording that goes on, and a viewer of it."""

    started: dict[str, Any]
    log: PlaylistLog


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def going(product: Product) -> AsyncIterator[Going]:
    started = await product.start("Goes on")
    async with whip.persisting(product, started, await whip.flash_and_beep()):
        await product.until_playlist(started["id"], "#EXTINF")
        async with following(product.http, started["hls_url"]) as log:
            yield Going(started, log)


@pytest.mark.parametrize("name", PROCESSES)
async def test_when_a_process_is_killed_the_recording_goes_on(product: Product, going: Going, name: str) -> None:
    await product.kill_and_wait(name)
    held = await _held_s(product, going)
    async with asyncio.timeout(GOES_ON_DEADLINE_S):
        while True:
            if await _held_s(product, going) > held + 1.5:
                break
            await asyncio.sleep(0.2)


async def _held_s(product: Product, going: Going) -> float:
    async with product.http.get(product.hls(going.started["id"])) as response:
        return media_checks.seconds_in(await response.text()) if response.status == 200 else 0.0


async def test_afterwards_everything_that_was_shown_is_there(product: Product, going: Going) -> None:
    recording_id = going.started["id"]
    await product.control(recording_id, "stop")
    view = await product.until(recording_id, "completed", deadline_s=40)
    for rendition in ("video", "audio"):
        url = product.hls(recording_id, f"{rendition}.m3u8")
        final = await product.until_playlist(recording_id, "#EXT-X-ENDLIST", f"{rendition}.m3u8")
        kept = _segments(final)
        answers = going.log.media[urljoin(going.started["hls_url"], f"{rendition}.m3u8")]  # under the viewer's own link
        shown = {name: length for text in answers for name, length in _segments(text).items()}
        assert shown
        assert {name: kept.get(name) for name in shown} == shown
        for piece in await media_checks.pieces(product.http, url):
            assert await media_checks.complaints(piece) == ""
    assert view["duration_seconds"] == pytest.approx(media_checks.seconds_in(final), abs=0.5)


def _segments(playlist: str) -> dict[str, str]:
    """Length of each whole segment by its URI."""
    return {uri: length for length, uri in re.findall(r"#EXTINF:([\d.]+)[^\n]*\n(?:#[^\n]*\n)*([^#\n]+)", playlist)}
