"""Follows a recording as a player does (blocking reloads) and keeps every playlist it was given, to be checked."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urljoin

import aiohttp

_HINT = re.compile(r'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="[^"]*?(\d+)\.(\d+)\.m4s"')
_POLL_S = 0.3


class PlaylistLog:
    """`multivariant` and, per media playlist URL, every answer in order; `deltas` are the answers to `_HLS_skip`."""

    def __init__(self, http: aiohttp.ClientSession, master_url: str) -> None:
        self._http, self._master_url = http, master_url
        self.multivariant: list[str] = []
        self.media: dict[str, list[str]] = {}
        self.deltas: dict[str, list[str]] = {}
        self.failures: list[str] = []

    @property
    def everything(self) -> list[str]:
        """All whole playlists, for parsers that know nothing of deltas."""
        return [*self.multivariant, *(one for answers in self.media.values() for one in answers)]

    async def follow(self) -> None:
        """Until every rendition has ended."""
        master = await self._master()
        async with asyncio.TaskGroup() as group:
            for uri in renditions(master):
                group.create_task(self._follow(urljoin(self._master_url, uri)))
        await self._master()

    async def _master(self) -> str:
        while True:
            if (master := await self._get(self._master_url)) is not None:
                self.multivariant.append(master)
                return master
            await asyncio.sleep(_POLL_S)

    async def _follow(self, url: str) -> None:
        answers, deltas = self.media.setdefault(url, []), self.deltas.setdefault(url, [])
        wish = ""
        while True:
            body = await self._get(url + wish)
            if body is None:
                wish = ""
                await asyncio.sleep(_POLL_S)
                continue
            answers.append(body)
            if "#EXT-X-ENDLIST" in body:
                return
            if len(answers) % 5 == 0:
                deltas += [delta] if (delta := await self._get(f"{url}?_HLS_skip=YES")) is not None else []
            if hint := _HINT.search(body):
                wish = f"?_HLS_msn={hint[1]}&_HLS_part={hint[2]}"
            else:
                wish = ""
                await asyncio.sleep(_POLL_S)

    async def _get(self, url: str) -> str | None:
        """None for a refusal: while a process is being replaced a player asks again, and the tests see how often."""
        try:
            async with self._http.get(url) as response:
                body = await response.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            self.failures.append(f"{url}: {error!r}")
            return None
        if response.status != 200:
            self.failures.append(f"{url}: {response.status}")
            return None
        return body


def renditions(master: str) -> list[str]:
    """The media playlists a multivariant playlist names."""
    named = [line for line in master.splitlines() if line and not line.startswith("#")]
    return list(dict.fromkeys([*named, *re.findall(r'#EXT-X-MEDIA:[^\n]*URI="([^"]+)"', master)]))


@asynccontextmanager
async def following(http: aiohttp.ClientSession, master_url: str) -> AsyncIterator[PlaylistLog]:
    """Follow while the block runs; at its end every rendition has ended, within a deadline."""
    log = PlaylistLog(http, master_url)
    task = asyncio.create_task(log.follow())
    try:
        yield log
        async with asyncio.timeout(20):
            await asyncio.shield(task)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
