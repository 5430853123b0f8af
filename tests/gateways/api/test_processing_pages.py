"""Whoever looks at a recording, in the library or where it is watched, sees what is still being made of it."""

from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Locator, Page, expect

from ops.bench.browser import browsing, page_of
from ops.topology import PAGES
from tests.gateways.api.test_processing import Jobs, get, jobs
from tests.gateways.api.test_recordings import started
from tests.servers import until

__all__ = ["jobs"]
PHONE = {"viewport": {"width": 360, "height": 640}}


@pytest.fixture
def pages() -> Path:
    """The built ones."""
    if not (PAGES / "index.html").exists():
        pytest.fail("The pages are not built: `make pages`.")
    return PAGES


async def test_bars_are_there_while_something_is_made_of_a_recording(api: aiohttp.ClientSession, jobs: Jobs) -> None:
    view = await started(api, title="Busy")
    other = await started(api, title="Idle")
    jobs.hold.touch()
    async with browsing() as chromium, page_of(chromium, **PHONE) as library, page_of(chromium, **PHONE) as watch:
        await watch.goto(view["watch_url"])
        await expect(watch.get_by_test_id("title")).to_have_text("Busy")
        job = await jobs.queue(view["id"])
        await until_listed(api, job, "processing")
        await library.goto(view["watch_url"].partition("watch/")[0])
        for page, bar in ((watch, _bar(watch)), (library, _bar(library, view["id"]))):
            await expect(bar).to_be_visible()
            assert await bar.get_attribute("aria-label") == "Making smaller versions"
            assert await page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        await expect(_bar(library, other["id"])).to_have_count(0)
        jobs.hold.unlink()
        await expect(_bar(watch)).to_have_count(0)
        await until_listed(api, job, "completed")
        await library.reload()
        await expect(library.get_by_test_id("title")).to_have_count(2)
        await expect(_bar(library)).to_have_count(0)


async def until_listed(api: aiohttp.ClientSession, job: str, status: str) -> None:
    async def there() -> bool:
        return any(one["id"] == job for one in (await get(api, f"?status={status}"))["jobs"])

    await until(there)


def _bar(page: Page, recording_id: str = "") -> Locator:
    place = page.locator(f"[data-id='{recording_id}']") if recording_id else page.locator("body")
    return place.get_by_test_id("jobs").locator("progress")
