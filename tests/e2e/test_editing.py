"""On the watch page: a range is cut out by keyboard, saved, undone; on a phone by finger; the file is what is shown."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from ops.bench import made
from ops.bench.browser import page_of
from tests.browser import browsing
from tests.product import Product
from tests.servers import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECONDS = 12
SIZE = (320, 180)
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with browsing() as browser:
        yield browser


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def recorded(product: Product) -> str:
    async with made.gateway(product) as client:  # type: ignore[arg-type]
        recording_id = await made.written(product, client, SECONDS, size=SIZE, bits_per_s=150_000)  # type: ignore[arg-type]
        await made.stop(product, client, recording_id)  # type: ignore[arg-type]
    await product.until(recording_id, "completed")
    return recording_id


async def lasts(page: Page, seconds: float) -> None:
    async def does() -> bool:
        found = await page.evaluate("() => document.querySelector('video').duration")
        return found is not None and abs(found - seconds) < 0.2

    await until(does)


async def selected(page: Page, begin_s: int, end_s: int) -> None:
    """With Shift, arrow up is ten seconds; up and down are one."""
    await page.get_by_test_id("edit-begin").focus()
    for _ in range(begin_s):
        await page.keyboard.press("ArrowUp")
    await page.get_by_test_id("edit-end").focus()
    for _ in range(SECONDS - end_s):
        await page.keyboard.press("ArrowDown")


async def test_a_range_is_cut_out_saved_and_undone(product: Product, chromium: Browser, recorded: str) -> None:
    async with page_of(chromium) as page:
        await page.goto(f"{product.url}/watch/{recorded}")
        await lasts(page, SECONDS)
        await page.get_by_test_id("edit").click()
        await selected(page, 3, 7)
        await page.keyboard.press("x")
        await page.keyboard.press("Control+s")
        await expect(page.get_by_test_id("editor")).to_be_hidden()
        await lasts(page, SECONDS - 4)
        await page.get_by_test_id("download").click()
        link = await page.get_by_test_id("download.mp4").get_attribute("href")
        async with product.http.get(link or "") as response:
            assert response.status == 200
            assert "attachment" in response.headers["Content-Disposition"]
            assert (await response.read())[4:8] == b"ftyp"
        await page.get_by_test_id("edit").click()
        await lasts(page, SECONDS)
        await expect(page.get_by_test_id("editor")).to_contain_text("0:08.0 of 0:12.0 kept")
        await page.get_by_test_id("edit-undo").click()
        await expect(page.get_by_test_id("editor")).to_be_hidden()
        await lasts(page, SECONDS)


async def test_on_a_phone_the_ends_are_moved_by_finger(product: Product, chromium: Browser, recorded: str) -> None:
    async with page_of(chromium, **PHONE) as page:
        await page.goto(f"{product.url}/watch/{recorded}")
        await lasts(page, SECONDS)
        await page.get_by_test_id("edit").tap()
        bar = await page.get_by_test_id("edit-bar").bounding_box()
        handle = await page.get_by_test_id("edit-begin").bounding_box()
        assert bar
        assert handle
        assert handle["width"] >= 24
        await page.mouse.move(handle["x"] + handle["width"] / 2, bar["y"] + 20)
        await page.mouse.down()
        await page.mouse.move(bar["x"] + bar["width"] / 2, bar["y"] + 20, steps=4)
        await page.mouse.up()
        await page.get_by_test_id("edit-trim").tap()
        inside, wide = await page.evaluate("() => [innerWidth, document.documentElement.scrollWidth]")
        assert wide <= inside
        await page.get_by_test_id("edit-save").tap()
        await expect(page.get_by_test_id("editor")).to_be_hidden()
        await lasts(page, SECONDS / 2)


async def test_it_is_split_and_put_together_again(product: Product, recorded: str) -> None:
    """As the last edit left it: its second half."""
    shown = SECONDS / 2
    made = await product.call("POST", f"/api/v1/recordings/{recorded}/split", {"at_seconds": 2.5})
    parts = [await product.until(one, "completed") for one in made["recordings"]]
    assert [one["duration_seconds"] for one in parts] == [
        pytest.approx(2.5, abs=0.1),
        pytest.approx(shown - 2.5, abs=0.1),
    ]
    wish = {"recording_ids": made["recordings"], "title": "Both"}
    (both,) = (await product.call("POST", "/api/v1/recordings/stitch", wish))["recordings"]
    view = await product.until(both, "completed")
    assert (view["title"], view["duration_seconds"]) == ("Both", pytest.approx(shown, abs=0.2))
    assert "#EXT-X-ENDLIST" in await product.until_playlist(both, "#EXT-X-ENDLIST")
