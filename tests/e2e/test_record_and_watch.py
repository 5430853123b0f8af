"""The main job in a real Chromium: record screen, camera and voice; somebody watches meanwhile; it is there at once."""

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from tests import hls_rules, media_checks, other_parsers
from tests.browser import browsing, recorder, spoken_wave, viewer
from tests.playlist_log import PlaylistLog, following
from tests.product import Product

pytestmark = pytest.mark.asyncio(loop_scope="module")

RECORDED_S = 20.0


class Made(NamedTuple):
    """A recording made by hand, and what was seen while it was made."""

    id: str
    meant_s: float
    log: PlaylistLog
    times: list[float]  # currentTime of a viewer, once a second
    clipboard: str
    page_errors: list[str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made(product: Product, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Made]:
    voice: Path = await spoken_wave(tmp_path_factory.mktemp("voice"))
    async with (
        browsing(f"--use-file-for-fake-audio-capture={voice}") as chromium,
        recorder(chromium, product.url) as recording,
        viewer(chromium) as watching,
    ):
        await recording.open()
        await recording.choose("screen_webcam")
        await recording.limit(720)  # encoder, viewer and servers share the cores here
        await recording.start()
        link = await recording.clipboard()
        async with following(product.http, product.hls(recording.id, "master.m3u8")) as log:
            await watching.open(link)
            times = []
            while time.time() - recording.began_at < RECORDED_S:
                await asyncio.sleep(1)
                times.append((await watching.state())["time"])
            meant = await recording.stop()
        await product.until(recording.id, "completed", deadline_s=40)
        yield Made(recording.id, meant, log, times, link, [*recording.errors, *watching.errors])


async def test_the_link_was_on_the_clipboard_before_the_end(product: Product, made: Made) -> None:
    assert made.clipboard == f"{product.url}/watch/{made.id}"


async def test_a_second_page_watched_it_live(made: Made) -> None:
    """It moves all the time, and is at the live edge when the recording ends."""
    assert all(later > earlier for earlier, later in pairwise(made.times[3:]))
    assert made.times[-1] > made.meant_s - 4


async def test_nothing_was_thrown_in_either_page(made: Made) -> None:
    assert made.page_errors == []


async def test_the_duration_is_what_was_recorded(product: Product, made: Made) -> None:
    view = await product.recording(made.id)
    assert view["duration_seconds"] == pytest.approx(made.meant_s, abs=0.3)
    playlist = await media_checks.text(product.http, product.hls(made.id))
    assert media_checks.seconds_in(playlist) == pytest.approx(made.meant_s, abs=0.3)


@pytest.mark.parametrize("rendition", ["video", "audio", "aac"])
async def test_every_segment_decodes_without_a_warning(product: Product, made: Made, rendition: str) -> None:
    await product.until_playlist(made.id, "#EXT-X-ENDLIST", f"{rendition}.m3u8")
    for piece in await media_checks.pieces(product.http, product.hls(made.id, f"{rendition}.m3u8")):
        assert await media_checks.complaints(piece) == ""


async def test_the_voice_is_in_the_sound(product: Product, made: Made) -> None:
    _, levels = media_checks.sound(await media_checks.pieces(product.http, product.hls(made.id, "audio.m3u8")))
    assert max(levels) > 0.05


async def test_every_playlist_seen_live_and_ended_is_accepted(made: Made) -> None:
    assert not made.log.failures
    assert len(made.log.everything) > 2 * 2 * RECORDED_S
    for url, answers in made.log.media.items():
        assert hls_rules.check(answers) == [], url
    assert await other_parsers.complaints(made.log.everything) == []


async def test_there_is_a_poster(product: Product, made: Made) -> None:
    assert (await media_checks.content(product.http, product.hls(made.id, "poster.jpg")))[:3] == b"\xff\xd8\xff"
