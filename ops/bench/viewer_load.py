"""A hundred viewers in one process: each follows every rendition, playlist and part in turn, on a kept connection.

`live` waits on blocking reloads (RFC 8216bis, 6.2.5.2); `paced` fetches the same two files every part duration, which
is what a static server can be asked for. Says {"following": N} when all have their first part, then the counts.
"""

import argparse
import asyncio
import gzip
import re
import signal
import sys
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import urlsplit

import msgspec
import uvloop
from msgspec import Struct

PART_S: Final = 1 / 3
RESPONSE_DEADLINE_S: Final = 15
_HINT: Final = re.compile(rb'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="([^"]*?(\d+)\.(\d+)\.m4s)"')
_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Counts(Struct):
    """What all viewers together have fetched."""

    playlists: int = 0
    parts: int = 0
    octets: int = 0
    refused: int = 0
    errors: list[str] = []


class Countdown:
    """Set once `arrived` has been called `count` times."""

    def __init__(self, count: int) -> None:
        self._left, self.done = count, asyncio.Event()

    def arrived(self) -> None:
        """One more is there."""
        self._left -= 1
        if self._left == 0:
            self.done.set()


class Connection:
    """HTTP/1.1 as a browser's: kept open, one request at a time."""

    def __init__(self, host: str, port: int, counts: Counts) -> None:
        self._host, self._port, self._counts = host, port, counts

    async def open(self) -> None:
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port, limit=1 << 20)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    async def get(self, path: str) -> bytes:
        """The body as it came over the wire; empty, and counted, for anything but 200."""
        self._writer.write(
            f"GET {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nAccept: */*\r\n"
            "Accept-Encoding: gzip\r\nOrigin: http://viewer.example\r\n\r\n".encode()
        )
        async with asyncio.timeout(RESPONSE_DEADLINE_S):
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            if length is None:
                raise ValueError(f"No Content-Length: {head[:300]!r}")
            body = await self._reader.readexactly(int(length[1]))
        self._counts.octets += len(body)
        if b" 200 " not in head[:16]:
            self._counts.refused += 1
            self._counts.errors.append(f"{path}: {head.splitlines()[0].decode()}")
            return b""
        return body


async def follow(connection: Connection, playlist: str, counts: Counts) -> AsyncIterator[None]:
    """Follow a live rendition; yields after each part."""
    folder = playlist.rpartition("/")[0]
    body = await connection.get(playlist)
    while found := _HINT.search(plain(body)):
        part, msn, number = (group.decode() for group in found.groups())
        body = await connection.get(f"{playlist}?_HLS_msn={msn}&_HLS_part={number}")
        counts.playlists += 1
        # The part that was hinted at is the one that now exists, unless a key frame began the next segment early.
        await connection.get(f"{folder}/{part}")
        counts.parts += 1
        yield


async def paced(connection: Connection, playlist: str, part: str, counts: Counts) -> AsyncIterator[None]:
    """Fetch the same two files every part duration."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        due += PART_S
        await asyncio.sleep(due - loop.time())
        await connection.get(playlist)
        counts.playlists += 1
        await connection.get(part)
        counts.parts += 1
        yield


def plain(body: bytes) -> bytes:
    """A playlist without its compression."""
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


async def view(arguments: argparse.Namespace, counts: Counts, first: Countdown, number: int) -> None:
    """One viewer: all renditions at once, until cancelled."""
    parts = urlsplit(arguments.url)
    await asyncio.sleep(number / arguments.viewers * PART_S)  # nobody arrives in the same instant
    async with asyncio.TaskGroup() as group:
        for rendition in arguments.rendition:
            group.create_task(_rendition(parts.hostname, parts.port, parts.path, rendition, arguments, counts, first))


async def _rendition(
    host: str | None,
    port: int | None,
    path: str,
    rendition: str,
    arguments: argparse.Namespace,
    counts: Counts,
    first: Countdown,
) -> None:
    connection = Connection(host or "127.0.0.1", port or 80, counts)
    await connection.open()
    playlist = f"{path}/{rendition}.m3u8"
    steps = (
        paced(connection, playlist, f"{path}/{rendition}.m4s", counts)
        if arguments.mode == "paced"
        else follow(connection, playlist, counts)
    )
    try:
        await anext(steps)
        first.arrived()
        async for _ in steps:
            pass
    finally:
        connection.close()


async def _main(arguments: argparse.Namespace) -> None:
    counts, stop = Counts(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    first = Countdown(arguments.viewers * len(arguments.rendition))
    watching = [asyncio.create_task(view(arguments, counts, first, number)) for number in range(arguments.viewers)]
    saying = asyncio.create_task(_say_following(first, arguments.viewers))
    await stop.wait()
    saying.cancel()
    for task in watching:
        task.cancel()
    ended = await asyncio.gather(*watching, return_exceptions=True)
    counts.errors += [repr(error) for error in ended if error and not isinstance(error, asyncio.CancelledError)]
    counts.errors = counts.errors[:5]
    _say(counts)


async def _say_following(first: Countdown, viewers: int) -> None:
    await first.done.wait()
    _say({"following": viewers})


def _say(said: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(said) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    """`python -m ops.bench.viewer_load live|paced http://host:port/hls/ID`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=("live", "paced"))
    parser.add_argument("url", help="the folder of the playlists")
    parser.add_argument("--viewers", type=int, default=100)
    parser.add_argument("--rendition", action="append", default=None)
    arguments = parser.parse_args()
    arguments.rendition = arguments.rendition or ["video", "audio"]
    uvloop.run(_main(arguments))


if __name__ == "__main__":
    main()
