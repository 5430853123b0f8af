"""The record page as a person uses it: what is pressed, and what it answers."""

from typing import Final

from playwright.async_api import Page

SOURCES: Final = {"screen": "source-screen", "webcam": "source-camera", "screen_webcam": "source-both"}
_NOW_ONCE: Final = """word => new Promise(done => {
  const phase = document.querySelector("[data-testid=phase]");
  const look = () => phase.textContent.startsWith(word) && done(performance.timeOrigin + performance.now());
  new MutationObserver(look).observe(phase, {childList: true, characterData: true, subtree: true});
  look();
})"""
# Pressed by the page itself: from outside a click takes as long as the machine is busy.
_PRESS_STOP: Final = """() => {
  document.querySelector("[data-testid=stop]").click();
  return performance.timeOrigin + performance.now();
}"""


class RecordPage:
    """One recorder in one page. Times are seconds since 1970, as the page's own clock says."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self._url = page, url
        self.link = self.id = ""
        self.began_at = 0.0

    async def open(self) -> None:
        """Go there."""
        await self.page.goto(f"{self._url}/record")

    async def choose(self, recording_type: str = "screen") -> None:
        """screen, webcam or screen_webcam."""
        await self.page.locator(f"label:has([data-testid={SOURCES[recording_type]}])").click()

    async def limit(self, lines: int) -> None:
        """The quality: 720, 1080 or 2160 lines at most."""
        await self.page.locator("#quality").select_option(str(lines))

    async def start(self) -> str:
        """Start, skip 3-2-1, wait until it records; answers the link that viewers open."""
        await self.press("start")
        await self.press("skip-countdown")
        self.link = await self.page.get_by_test_id("link").input_value()
        self.id = self.link.rpartition("/")[2]
        self.began_at = await self.phase("Recording")
        return self.link

    async def stop(self) -> float:
        """Press Stop; answers how long it has recorded, in seconds."""
        stopped_at: float = await self.page.evaluate(_PRESS_STOP) / 1000
        await self.page.wait_for_url("**/watch/*")
        return stopped_at - self.began_at

    async def phase(self, word: str) -> float:
        """Wait until the page says so; answers when that was."""
        at: float = await self.page.evaluate(_NOW_ONCE, word)
        return at / 1000

    async def press(self, name: str) -> None:
        """Press what has that test id."""
        await self.page.get_by_test_id(name).click()
