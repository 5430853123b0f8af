"""The list of recordings: poster, title and duration; what moves and is scrubbed; a new title; deleted, asked twice."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from ops.bench.browser import page_of
from tests import whip
from tests.browser import browsing
from tests.product import Product
from tests.servers import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(product: Product) -> AsyncIterator[Page]:
    async with browsing() as chromium, page_of(chromium) as page:
        await page.goto(product.url)
        await expect(page.get_by_test_id("empty")).to_be_visible()
        yield page


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def recorded(product: Product, page: Page) -> dict[str, Any]:
    started = await product.start("A title <b>as it is</b>")
    async with whip.sending(product, started, await whip.ordinary()):
        await product.until_playlist(started["id"], "#EXTINF")
        await asyncio.sleep(1)
        await product.control(started["id"], "stop")
    await product.until(started["id"], "completed")
    await page.goto(product.url)
    return started


async def test_it_is_listed_with_poster_title_and_duration(page: Page, recorded: dict[str, Any]) -> None:
    row = page.locator(f"[data-id='{recorded['id']}']")
    await expect(row.get_by_test_id("title")).to_have_text("A title <b>as it is</b>")
    await expect(row.get_by_test_id("duration")).to_have_text("0:03")
    await expect(row.locator("img.there")).to_be_visible()


async def test_a_title_can_be_changed(page: Page, product: Product, recorded: dict[str, Any]) -> None:
    row = page.locator(f"[data-id='{recorded['id']}']")
    await row.get_by_test_id("rename").click()
    await row.get_by_test_id("rename-field").fill("A better title")
    await row.get_by_test_id("rename-field").press("Enter")
    await expect(row.get_by_test_id("title")).to_have_text("A better title")
    assert (await product.recording(recorded["id"]))["title"] == "A better title"
    await page.reload()
    await expect(row.get_by_test_id("title")).to_have_text("A better title")


async def test_a_card_moves_while_it_is_pointed_at(page: Page, product: Product, recorded: dict[str, Any]) -> None:
    await until(lambda: is_served(product, recorded["id"], "preview.webp"))
    row = page.locator(f"[data-id='{recorded['id']}']")
    await row.locator(".poster").hover()
    await expect(row.get_by_test_id("preview")).to_have_js_property("naturalWidth", 400)
    await page.mouse.move(0, 0)
    await expect(row.get_by_test_id("preview")).to_have_count(0)


async def is_served(product: Product, recording_id: str, name: str) -> bool:
    async with product.http.get(product.hls(recording_id, name)) as response:
        return response.status == 200


async def test_who_scrubs_sees_where(page: Page, product: Product, recorded: dict[str, Any]) -> None:
    await until(lambda: is_served(product, recorded["id"], "waveform.json"))
    await page.goto(recorded["watch_url"])
    bar, video = page.get_by_test_id("scrub"), page.locator("video")
    await expect(page.locator(".scrub-wave path")).to_be_attached()
    await expect(page.get_by_test_id("thumbnail")).to_be_hidden()
    await bar.hover()
    await expect(page.get_by_test_id("thumbnail")).to_be_visible()
    await video.evaluate("video => video.pause()")
    await bar.focus()
    await page.keyboard.press("End")
    await page.keyboard.press("Home")
    await expect(page.get_by_test_id("scrub-preview")).to_have_text("0:00")
    await expect(video).to_have_js_property("currentTime", 0)
    await page.keyboard.press("k")
    await expect(video).to_have_js_property("paused", False)
    await page.goto(product.url)


async def test_the_link_unfurls(product: Product, recorded: dict[str, Any]) -> None:
    async with product.http.get(f"{product.url}/watch/{recorded['id']}") as response:
        html = await response.text()
    assert 'property="og:title"' in html
    assert 'property="og:image"' in html


async def test_it_is_deleted_only_when_asked_twice(page: Page, product: Product, recorded: dict[str, Any]) -> None:
    row = page.locator(f"[data-id='{recorded['id']}']")
    await row.get_by_test_id("delete").click()
    assert (await product.recording(recorded["id"]))["status"] == "completed"
    await row.get_by_test_id("confirm-delete").click()
    await expect(row).to_have_count(0)
    async with product.http.get(f"{product.url}/api/v1/recordings/{recorded['id']}") as response:
        assert response.status in {404, 410}
    async with product.http.get(product.hls(recorded["id"])) as response:
        assert response.status in {404, 410}
