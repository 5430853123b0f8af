"""A WHIP client in the test's own process: the benchmark's, with real H.264 and Opus at real time."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from ops.bench import offer, stream
from ops.bench.packets import Schedule, schedule
from ops.bench.whip_peer import WhipPeer
from ops.bench.whip_source import WhipSource, play
from tests.product import Product


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


def lone_offer() -> str:
    """A valid offer of somebody who will never send a packet."""
    fingerprint = ":".join(f"{byte:02X}" for byte in secrets.token_bytes(32))
    return offer.write(
        offer.Local(secrets.token_hex(4), secrets.token_hex(12), fingerprint, [], secrets.randbits(31), 1)
    )
