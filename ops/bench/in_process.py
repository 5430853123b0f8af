"""Would Redis be the quicker memory? Verifying a link and rendering an hour's playlist, against one answer of Redis.

What counts is the CPU of the process that asks: Redis has its own, and the time it takes to answer comes on top.
"""

import asyncio
import gzip
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateways.edge.gate import Gate
from gateways.edge.request import Request
from gateways.edge.window import PATHS
from gateways.http import signing
from media.hls import media_playlist
from media.hls.index import IndexedInit, IndexedPart, IndexedSegment, RenditionIndex
from media.hls.media_playlist import Timing
from ops.bench import child
from ops.bench.figure import Figure, at_most
from ops.embedded import redis_server
from schemas.media import VIDEO, InitHeaders

SECRET: Final = b"a secret to measure with"
LATER: Final = 4_000_000_000
HOUR_SEGMENTS: Final = 1800
PARTS: Final = 6
DEADLINE_S: Final = 20


async def figures(*, quick: bool) -> AsyncIterator[Figure]:
    """CPU-microseconds each; the bar is what it takes to ask Redis."""
    count = 2_000 if quick else 10_000
    hour = RenditionIndex(VIDEO, [IndexedInit(InitHeaders(0, "avc1.42e01f", 90_000, 1280, 720), 700, 1)], _segments())
    playlist = gzip.compress(media_playlist.live(hour, Timing(), PATHS).encode(), 5)
    async with redis() as client:
        await client.set("token", b"1")
        await client.set("playlist", playlist)
        asked = [await _redis_us(client, "token", count) for _ in range(3)]
        fetched = [await _redis_us(client, "playlist", count // 10) for _ in range(3)]
    yield at_most(
        "link_verified_anew",
        "CPU-us",
        [_us(_verify_anew(count), count) for _ in range(3)],
        round(sorted(asked)[1], 3),
        floor=("Redis says that a link is good", sorted(asked)[1]),
        beside={"remembered_us": round(_us(_verify_remembered(count), count), 3)},
    )
    rendered = [_us(lambda: _render(hour), 1) for _ in range(5)]
    yield at_most(
        "hour_playlist_rendered",
        "CPU-us, once for all viewers of a part",
        rendered,
        round(sorted(fetched)[1] * 200, 3),
        floor=("Redis gives it, for each viewer", sorted(fetched)[1]),
        beside={"bytes": len(playlist), "viewers": 200},
    )


def _segments() -> list[IndexedSegment]:
    """An hour, as it is known while it goes on."""
    parts = [IndexedPart(1 / 3, 100_000, number == 0, number) for number in range(PARTS)]
    return [
        IndexedSegment(number, 0, 0, 1_700_000_000_000_000 + number * 2_000_000, False, parts, 10.0 + 2 * number)  # noqa: FBT003
        for number in range(HOUR_SEGMENTS)
    ]


def _render(hour: RenditionIndex) -> None:
    gzip.compress(media_playlist.live(hour, Timing(), PATHS).encode(), 5)


def _verify_anew(count: int) -> Callable[[], None]:
    paths = [signing.path(SECRET, "3kTMd92rXgVbq7YwFz0LJc", LATER + n, "video.m3u8") for n in range(count)]

    def run() -> None:
        gate = Gate(SECRET, plain=False)
        for path in paths:
            gate.admit(Request("GET", path, ()))

    return run


def _verify_remembered(count: int) -> Callable[[], None]:
    path = signing.path(SECRET, "3kTMd92rXgVbq7YwFz0LJc", LATER, "video.m3u8")
    gate = Gate(SECRET, plain=False)

    def run() -> None:
        for _ in range(count):
            gate.admit(Request("GET", path, ()))

    return run


def _us(run: Callable[[], None], count: int) -> float:
    began = time.process_time()
    run()
    return (time.process_time() - began) / count * 1e6


async def _redis_us(client: Redis, key: str, count: int) -> float:
    began = time.process_time()
    for _ in range(count):
        await client.get(key)
    return (time.process_time() - began) / count * 1e6


@asynccontextmanager
async def redis() -> AsyncIterator[Redis]:
    """The embedded one, on its socket, as near as a Redis can be."""
    with tempfile.TemporaryDirectory(prefix="loom-bench-") as folder:
        program, url = redis_server.program(Path(folder))
        async with child.running(*program.command, stdout=asyncio.subprocess.DEVNULL):
            client = Redis.from_url(url)
            async with asyncio.timeout(DEADLINE_S):
                while True:
                    with suppress(RedisError, OSError):
                        await client.ping()
                        break
                    await asyncio.sleep(0.05)
            yield client
            await client.aclose()
