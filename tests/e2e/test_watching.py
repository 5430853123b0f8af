"""“3 watching”: who records and who watches see it, whichever edge the viewers came through; limits hold over processes."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import psutil
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from ops.bench.browser import page_of
from schemas.ids import new_id
from tests import whip
from tests.browser import Recorder, browsing, recorder
from tests.gateways.api.test_live import Listener
from tests.product import Product
from tests.servers import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

SESSIONS = 4
ENVIRONMENT = {"LOOM_EDGE_PROCESSES": "2", "LOOM_INGEST_PROCESSES": "2", "LOOM_LIMIT_SESSIONS": str(SESSIONS)}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
MOST_TRIES = 40


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with browsing() as browser:
        yield browser


async def sees(page: Page, words: str) -> None:
    await expect(page.get_by_test_id("watching")).to_have_text(words)


async def test_who_records_and_who_watches_see_how_many_there_are(product: Product, chromium: Browser) -> None:
    async with recorder(chromium, product.url) as recording, page_of(chromium, **PHONE) as phone:
        await recording.open()
        await recording.choose("screen")
        await recording.limit(720)
        await recording.start()
        await sees(recording.page, "")
        link = f"{product.url}/watch/{recording.id}"
        await phone.goto(link)
        await sees(recording.page, "1 watching")
        async with page_of(chromium) as desk:
            await desk.goto(link)
            for page in (recording.page, phone, desk):
                await sees(page, "2 watching")
            await fits(phone)
        for page in (recording.page, phone):
            await sees(page, "1 watching")
        await stop(recording)
        await sees(phone, "2 watching")  # who has recorded it is looking at it now


async def fits(page: Page) -> None:
    """Nothing has to be scrolled to sideways, and nothing is cut off."""
    inside, wide = await page.evaluate(
        "() => [document.documentElement.clientWidth, document.documentElement.scrollWidth]"
    )
    assert wide <= inside
    await expect(page.get_by_test_id("watching")).to_be_in_viewport(ratio=1)


async def stop(recording: Recorder) -> None:
    await recording.stop()
    await expect(recording.page).to_have_url(re.compile("/watch/"))


async def test_who_neither_sees_nor_plays_it_is_not_watching(product: Product, chromium: Browser) -> None:
    started = await product.start("Seen")
    async with (
        whip.sending(product, started, await whip.ordinary()),
        page_of(chromium) as one,
        page_of(chromium) as other,
    ):
        for page in (one, other):
            await page.goto(started["watch_url"])
        await sees(one, "2 watching")
        video = other.locator("video")
        await expect(video).to_have_js_property("paused", False)
        await video.evaluate("video => video.pause()")
        await hide(other, "true")
        await sees(one, "1 watching")
        await hide(other, "false")
        await sees(one, "2 watching")
        await product.control(started["id"], "stop")


async def hide(page: Page, hidden: str) -> None:
    """As when another tab is looked at, which a browser without a window does not know."""
    await page.evaluate(
        f"Object.defineProperty(document, 'hidden', {{value: {hidden}, configurable: true}});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )


async def test_viewers_of_two_edges_are_counted_together(product: Product) -> None:
    started = await product.start("Of two edges")
    edges = product.processes("edge")
    assert len(edges) == 2
    port = int(product.url.rpartition(":")[2])

    def has_viewers(edge: psutil.Process) -> bool:
        return any(
            one.status == psutil.CONN_ESTABLISHED and one.laddr.port == port for one in edge.net_connections("tcp4")
        )

    async with AsyncExitStack() as stack:
        listeners: list[Listener] = []
        while not all(has_viewers(edge) for edge in edges) or len(listeners) < 2:
            assert len(listeners) < MOST_TRIES, "the kernel likes one edge more"
            listeners.append(await listening(stack, product, started["id"], f"viewer-{len(listeners)}"))
        await until_told(listeners[0], len(listeners))
        listeners.pop().response.close()
        await until_told(listeners[0], len(listeners))


async def listening(stack: AsyncExitStack, product: Product, recording_id: str, viewer: str) -> Listener:
    """By a connection of its own."""
    http = await stack.enter_async_context(aiohttp.ClientSession())
    events = f"{product.url}/api/v1/recordings/{recording_id}/events?viewer={viewer}"
    return Listener(await stack.enter_async_context(http.get(events)))


async def until_told(listener: Listener, count: int) -> None:
    async def is_told() -> bool:
        return await listener.event() == ("watched", {"count": count})

    await until(is_told)


async def test_two_gateways_count_the_sessions_of_an_address_together(product: Product) -> None:
    async def begin(address: str) -> tuple[int, Any]:
        headers = {"X-Forwarded-For": address, "Content-Type": "application/sdp"}
        url = f"{product.url}/whip/{new_id()}"
        async with product.http.post(url, data=whip.lone_offer(), headers=headers) as response:
            return response.status, response.headers

    for _ in range(SESSIONS):
        assert (await begin("198.51.100.7"))[0] == 401
    status, headers = await begin("198.51.100.7")
    assert status == 429
    assert int(headers["Retry-After"]) > 0
    assert "RateLimit" in headers["Access-Control-Expose-Headers"]
    assert (await begin("203.0.113.9"))[0] == 401
