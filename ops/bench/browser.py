"""A real Chromium without a window: the flags that give it devices, and a fresh context for each page."""

import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from playwright.async_api import Browser, Page, async_playwright

FLAGS: Final = (
    "--no-sandbox",  # containers run as root
    "--disable-dev-shm-usage",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
PERMISSIONS: Final = ("camera", "microphone", "clipboard-read", "clipboard-write")
PAGES: Final = Path(__file__).parent / "pages"
ACTION_DEADLINE_MS: Final = 15_000


def executable() -> str:
    """Where Chromium is. Raises RuntimeError when there is none."""
    for name in (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"):
        if name and (found := shutil.which(name)):
            return found
    raise RuntimeError("Chromium is not installed (`apt-get install chromium`).")


@asynccontextmanager
async def browsing(*flags: str, path: str = "") -> AsyncIterator[Browser]:
    """A browser process of its own; closed with all its pages at the end."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path or executable(), args=[*FLAGS, *flags])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def page_of(browser: Browser, *scripts: str, **context: Any) -> AsyncIterator[Page]:
    """A page in a context of its own, with all permissions; `scripts` run before the page's own."""
    made = await browser.new_context(permissions=list(PERMISSIONS), **context)
    made.set_default_timeout(ACTION_DEADLINE_MS)
    try:
        for script in scripts:
            await made.add_init_script(script=script)
        yield await made.new_page()
    finally:
        await made.close()


def sources(kind: str, *, width: int = 1280, height: int = 720, fps: int = 30) -> str:
    """The script that replaces screen (and, for "flash", microphone): "moving", "still" or "flash"."""
    options = msgspec.json.encode({"kind": kind, "width": width, "height": height, "fps": fps}).decode()
    return f"{{ const OPTIONS = {options};\n{(PAGES / 'sources.js').read_text()} }}"


def reader() -> str:
    """The function that reads the clock back on a viewer's page."""
    text = (PAGES / "reader.js").read_text()
    return text[text.index("() =>") :]


async def samples(page: Page) -> list[Sequence[float]]:
    """What the reader has seen since the last call: presented at (ms), latency (ms), clock, media time (s)."""
    found: list[Sequence[float]] = await page.evaluate("() => window.loomSeen.samples.splice(0)")
    return found
