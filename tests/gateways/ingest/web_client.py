"""A client of the web door: what the record page does, in Python."""

import json
import struct
import time
from collections.abc import Iterable
from functools import cache
from typing import Any, Self

import aiohttp

from gateways.http import token
from media.samples import AudioPacket, VideoFrame
from tests.gateways.ingest.given import SECRET, Door
from tests.media.encoded import audio, in_order, video

Sample = VideoFrame | AudioPacket


@cache
def samples(seconds: float) -> list[Sample]:
    """Picture and tone from time 0 on."""
    return list(in_order(video(seconds), audio(seconds)))


def message(sample: Sample, began_us: int) -> bytes:
    at_us = began_us + round(sample.arrived * 1e6)
    if isinstance(sample, VideoFrame):
        body = b"".join(b"\0\0\0\1" + unit for unit in sample.nal_units)
        return struct.pack(">BBq", 1, int(sample.key_frame), at_us) + body
    return struct.pack(">BBq", 2, 0, at_us) + sample.data


def ago(seconds: float) -> int:
    """That moment, microseconds since 1970."""
    return round((time.time() - seconds) * 1e6)


class WebClient:
    """One socket. `async with` opens it; nothing is said yet."""

    def __init__(self, door: Door, recording_id: str, **headers: str) -> None:
        self._door, self.id, self._headers = door, recording_id, headers
        self.welcome: dict[str, Any] = {}
        self.stored_us = 0

    async def __aenter__(self) -> Self:
        url = f"{self._door.url}/ingest/{self.id}"
        self.socket = await self._door.http.ws_connect(url, protocols=("loom-ingest-1",), headers=self._headers)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()

    async def say(self, **said: Any) -> None:
        await self.socket.send_str(json.dumps(said))

    async def hello(self) -> dict[str, Any]:
        await self.say(type="hello", token=token.make(SECRET, self.id))
        self.welcome = await self.socket.receive_json(timeout=10)
        assert self.welcome["type"] == "welcome"
        return self.welcome

    async def begin(self, after_us: int | None = None) -> None:
        await self.hello()
        await self.say(type="begin", after_us=after_us)

    async def send(self, found: Iterable[Sample], began_us: int) -> None:
        for sample in found:
            await self.socket.send_bytes(message(sample, began_us))

    async def closed(self) -> tuple[int | None, str]:
        """The close code and its reason; what is told until then is kept."""
        while True:
            found = await self.socket.receive(timeout=15)
            if found.type is aiohttp.WSMsgType.TEXT:
                self.stored_us = max(self.stored_us, json.loads(found.data).get("until_us", 0))
            elif found.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING}:
                return self.socket.close_code, found.extra or ""

    async def end(self) -> tuple[int | None, str]:
        await self.say(type="end")
        return await self.closed()
