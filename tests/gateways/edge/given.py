"""A recording in a real log, an edge in front of it, and a viewer."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
from nats.aio.client import Client
from obstore.store import LocalStore

from gateways.edge import server
from media.packager import Packager
from media.samples import Init, Part
from schemas.envelope import MESSAGE_ID
from schemas.ids import new_id
from schemas.media import End, to_headers
from subjects import media
from tests.actors.media_given import provision
from tests.media.encoded import audio, in_order, video
from tests.media.test_packager import Run
from tests.servers import NatsServer, connected, until

SECONDS = 7.0
END_DELAY_S = 0.3


@cache
def messages() -> list[Init | Part]:
    """Seven seconds of picture and sound, as the packager makes them."""
    run = Run(Packager(video=True, audio=True)).feed(in_order(video(SECONDS), audio(SECONDS))).close(SECONDS)
    return [one for one in run.out if isinstance(one, Init | Part)]


class Viewed:
    """A recording, what has been said of it so far, and requests to the edge."""

    def __init__(self, client: Client, url: str, http: aiohttp.ClientSession, store: LocalStore) -> None:
        self.client, self.js, self.store = client, client.jetstream(), store
        self.id = new_id()
        self.url, self.http = url, http
        self.said = 0

    async def say(self, until_segment: int, until_part: int = 99) -> None:
        """Publish up to a part of video."""
        while self.said < len(messages()):
            one = messages()[self.said]
            if isinstance(one, Part) and (one.headers.segment, one.headers.part) > (until_segment, until_part):
                return
            await self.say_next()

    async def say_next(self) -> bool:
        """Publish one message; False when there is none left."""
        if self.said >= len(messages()):
            return False
        one = messages()[self.said]
        name = media.init if isinstance(one, Init) else media.part
        headers = to_headers(one.headers) | {MESSAGE_ID: media.message_id(self.id, one.rendition, one.headers)}
        await self.js.publish(name(self.id, one.rendition), one.data, headers=headers)
        self.said += 1
        return True

    async def end(self) -> None:
        await self.js.publish(media.end(self.id), b"", headers=to_headers(End("stopped")))

    def address(self, path: str) -> str:
        return f"{self.url}/hls/{self.id}/{path}"

    async def get(self, path: str, method: str = "GET", **how: Any) -> tuple[int, bytes, Mapping[str, str]]:
        async with self.http.request(method, self.address(path), **how) as response:
            return response.status, await response.read(), response.headers

    async def text(self, path: str) -> str:
        status, body, _ = await self.get(path)
        assert status == 200, body
        return body.decode()

    async def until_ended(self, rendition: str = "video") -> str:
        """The playlist, once it says that nothing follows."""

        async def has_ended() -> bool:
            return "#EXT-X-ENDLIST" in await self.text(f"{rendition}.m3u8")

        await until(has_ended)
        return await self.text(f"{rendition}.m3u8")


async def still_wait(*waiting: asyncio.Task[Any]) -> bool:
    """Whether none of them is answered within a moment."""
    return not (await asyncio.wait(waiting, timeout=0.2))[0]


@asynccontextmanager
async def edge(client: Client, folder: Path, **settings: Any) -> AsyncIterator[Viewed]:
    """An edge over `client` and a folder, and a viewer of a recording that has not begun."""
    store = LocalStore(str(folder), mkdir=True)
    async with (
        server.running(client, store, listen=("127.0.0.1", 0), **{"end_delay_s": END_DELAY_S, **settings}) as port,
        aiohttp.ClientSession() as http,
    ):
        yield Viewed(client, f"http://127.0.0.1:{port}", http, store)


@asynccontextmanager
async def viewing(folder: Path, **settings: Any) -> AsyncIterator[tuple[NatsServer, Viewed]]:
    """The same with a NATS of its own."""
    async with NatsServer(folder / "nats") as nats, connected(nats) as client:
        await provision(client)
        async with edge(client, folder / "objects", **settings) as viewed:
            yield nats, viewed
