"""A WHIP client in the test's own process: the benchmark's, with real H.264 and Opus at real time."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp

from ops.bench import offer, stream
from ops.bench.packets import Schedule, schedule
from ops.bench.whip_peer import WhipPeer
from ops.bench.whip_source import WhipSource, play
from tests.product import Product

AGAIN_S = 0.2


@cache
def _schedule(path: Path) -> Schedule:
    return schedule(path, stream.LOOP_S, stream.VIDEO_BITS_PER_S)


async def flash_and_beep() -> Schedule:
    """White picture and 1 kHz tone in the first tenth of every second second."""
    return _schedule(await stream.flash_and_beep())


async def ordinary() -> Schedule:
    """720p30 at 2.5 Mbit/s."""
    return _schedule(await stream.ordinary())


@asynccontextmanager
async def sending(
    product: Product, started: Mapping[str, Any], media: Schedule, *, politely: bool = True
) -> AsyncIterator[WhipSource]:
    """Sends to a recording while the block runs; at its end deletes the session, or just vanishes."""
    peer = WhipPeer(product.http, started["whip_url"], started["whip_token"])
    await peer.__aenter__()
    source = WhipSource(peer, media, asyncio.get_running_loop().time())
    source.answers_pli = True
    stop = asyncio.Event()
    playing = asyncio.create_task(play([source], stop))
    try:
        yield source
    finally:
        stop.set()
        await playing
        if politely:
            await peer.__aexit__(None, None, None)
        else:
            await peer.vanish()


@asynccontextmanager
async def persisting(product: Product, started: Mapping[str, Any], media: Schedule) -> AsyncIterator[list[float]]:
    """Sends while the block runs, and connects again whenever the session dies; yields when each session began."""
    stop, sessions = asyncio.Event(), list[float]()
    task = asyncio.create_task(_persist(product, started, media, stop, sessions))
    try:
        yield sessions
    finally:
        stop.set()
        await task


async def _persist(
    product: Product, started: Mapping[str, Any], media: Schedule, stop: asyncio.Event, sessions: list[float]
) -> None:
    loop = asyncio.get_running_loop()
    while not stop.is_set():
        peer = WhipPeer(product.http, started["whip_url"], started["whip_token"])
        with suppress(OSError, TimeoutError, aiohttp.ClientError, ValueError):
            await peer.__aenter__()
            sessions.append(loop.time())
            over = asyncio.Event()
            playing = asyncio.create_task(play([WhipSource(peer, media, loop.time())], over))
            while True:
                if stop.is_set() or not peer.connected:
                    break
                await asyncio.sleep(AGAIN_S)
            over.set()
            await playing
            await peer.__aexit__(None, None, None)
        if not stop.is_set():
            await asyncio.sleep(AGAIN_S)


def lone_offer() -> str:
    """A valid offer of somebody who will never send a packet."""
    fingerprint = ":".join(f"{byte:02X}" for byte in secrets.token_bytes(32))
    return offer.write(
        offer.Local(secrets.token_hex(4), secrets.token_hex(12), fingerprint, [], secrets.randbits(31), 1)
    )
