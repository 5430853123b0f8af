"""The pages as a person uses them: what is pressed, and what is seen then."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from ops.bench import browser as browsers
from ops.bench.browser import browsing, sources
from ops.bench.record_page import RecordPage

__all__ = ["Recorder", "Viewer", "browsing", "recorder", "sources", "spoken_wave", "viewer"]

ESTIMATES = """
// What Chromium thinks the path carries, every 100 ms, bits per second: window.estimates
window.estimates = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...given) {
    super(...given);
    let since = null;
    setInterval(async () => {
      if (this.connectionState !== "connected") return;
      since ??= performance.now();
      let wanted = 0, estimate = 0;
      for (const sender of this.getSenders())
        if (sender.track?.kind === "video") wanted = sender.getParameters().encodings[0].maxBitrate;
      for (const one of (await this.getStats()).values())
        if (one.type === "candidate-pair" && one.nominated)
          estimate = Math.max(estimate, one.availableOutgoingBitrate ?? 0);
      window.estimates.push({seconds: (performance.now() - since) / 1000, wanted, estimate});
    }, 100);
  }
};
"""


class Recorder(RecordPage):
    """The record page, and what it has thrown."""

    def __init__(self, page: Page, url: str) -> None:
        super().__init__(page, url)
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    async def clipboard(self) -> str:
        """What has been put there."""
        copied: str = await self.page.evaluate("() => navigator.clipboard.readText()")
        return copied


class Viewer:
    """The watch page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.video = page.locator("video")
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    async def open(self, url: str) -> None:
        await self.page.goto(url)
        await expect(self.video).to_be_attached()

    async def state(self) -> dict[str, float]:
        """Where the player is."""
        found: dict[str, float] = await self.video.evaluate(
            "v => ({time: v.currentTime, duration: v.duration, paused: +v.paused, ended: +v.ended})"
        )
        return found

    async def play_through(self, deadline_s: float) -> int:
        """Play from the start to the end; answers how often the player had to wait for media on the way."""
        waits: int = await self.video.evaluate(PLAY_THROUGH, deadline_s * 1000)
        return waits


PLAY_THROUGH = """(video, deadline) => new Promise((done, fail) => {
  setTimeout(() => fail(new Error(`at ${video.currentTime} of ${video.duration}`)), deadline);
  let waits = 0, moved = false;
  video.muted = true;
  video.addEventListener("timeupdate", () => { moved ||= video.currentTime > 0.3; });
  video.addEventListener("waiting", () => { if (moved && !video.ended) waits++; });
  video.addEventListener("ended", () => done(waits));
  video.currentTime = 0;
  video.play().catch(fail);
})"""


@asynccontextmanager
async def recorder(browser: Browser, url: str, *scripts: str) -> AsyncIterator[Recorder]:
    async with browsers.page_of(browser, *scripts) as page:
        yield Recorder(page, url)


@asynccontextmanager
async def viewer(browser: Browser) -> AsyncIterator[Viewer]:
    async with browsers.page_of(browser) as page:
        yield Viewer(page)


async def spoken_wave(folder: Path) -> Path:
    """A voice for Chromium's fake microphone (`--use-file-for-fake-audio-capture`), from espeak-ng."""
    path = folder / "voice.wav"
    process = await asyncio.create_subprocess_exec(
        "espeak-ng",
        "-w",
        str(path),
        "This is a recording made for a test. The quick brown fox jumps over the lazy dog.",
    )
    assert await process.wait() == 0
    return path
