"""A video that is chosen on the library page is sent, imported and watched; what a reload breaks off goes on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from ops.bench.browser import page_of
from tests.browser import browsing
from tests.media.files import Made, file
from tests.product import Product

pytestmark = pytest.mark.asyncio(loop_scope="module")
UPLOADS = "**/api/v1/uploads/*"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(product: Product) -> AsyncIterator[Page]:
    async with browsing() as chromium, page_of(chromium) as page:
        await page.goto(product.url)
        await expect(page.get_by_test_id("upload-button")).to_be_visible()
        yield page


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "My holidays.mp4"
    path.write_bytes(file(Made(seconds=4)))
    return path


def id_of(page: Page) -> str:
    return page.url.rpartition("/")[2]


async def test_a_video_is_chosen_and_a_moment_later_watched(page: Page, product: Product, film: Path) -> None:
    await page.goto(product.url)
    await page.get_by_test_id("file").set_input_files(film)
    await page.wait_for_url("**/watch/*")
    await expect(page.locator("#title")).to_have_text("My holidays")
    await page.wait_for_function("document.querySelector('video').currentTime > 1")
    found = await product.until(id_of(page), "completed")
    assert found["recording_type"] == "import"
    assert found["duration_seconds"] == pytest.approx(4, abs=0.1)


async def test_what_a_reload_has_broken_off_goes_on_with_the_same_file(
    page: Page, product: Product, film: Path
) -> None:
    created: list[str] = []
    page.on("request", lambda asked: created.append(asked.url) if asked.method == "POST" else None)

    async def breaks(route: Route) -> None:
        await (route.abort() if route.request.method == "PATCH" else route.continue_())

    await page.goto(product.url)
    await page.route(UPLOADS, breaks)
    async with page.expect_event("requestfailed"):
        await page.get_by_test_id("file").set_input_files(film)
    page.once("dialog", lambda dialog: dialog.accept())
    await page.reload()
    await expect(page.get_by_test_id("upload")).to_contain_text("My holidays.mp4")
    await page.unroute(UPLOADS, breaks)
    async with page.expect_file_chooser() as chooser:
        await page.get_by_test_id("resume-upload").click()
    await (await chooser.value).set_files(film)
    await page.wait_for_url("**/watch/*")
    assert len([url for url in created if url.endswith("/uploads")]) == 1
    await product.until(id_of(page), "completed")


async def test_what_is_no_video_is_refused_in_words(page: Page, product: Product, tmp_path: Path) -> None:
    letter = tmp_path / "letter.mp4"
    letter.write_text("Dear Sir or Madam, there is no film in here.")
    await page.goto(product.url)
    await page.get_by_test_id("file").set_input_files(letter)
    await page.wait_for_url("**/watch/*")
    await expect(page.locator("#gone")).to_contain_text("This file could not be imported")
    await expect(page.locator("#gone")).to_contain_text("plain text; MP4, MOV, WebM and MKV can be imported")
    await page.goto(product.url)
    await expect(page.locator(f"[data-id='{(await listed(product))[0]['id']}']")).to_contain_text("plain text")


async def listed(product: Product) -> list[dict[str, str]]:
    found = await product.call("GET", "/api/v1/recordings")
    return list(found["recordings"])
