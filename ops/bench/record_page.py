"""The record page as a person uses it: what is pressed, and what it answers."""

import re
from typing import Final

from playwright.async_api import Page

DEADLINE_MS: Final = 15_000


class RecordPage:
    """One recorder in one page."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self._url = page, url

    async def start(self) -> str:
        """Open, choose the screen, start; answers the link that viewers open."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Press Stop."""
        await self.press("Stop")

    async def press(self, name: str) -> None:
        """Press the button whose name begins so."""
        await self.page.get_by_role("button", name=re.compile(rf"^{name}", re.IGNORECASE)).first.click()
