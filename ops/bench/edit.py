"""How soon can an edit be watched? Ten minutes, trimmed at both ends and cut five times, none of it on a key frame."""

import re
import time
from collections.abc import AsyncIterator
from typing import Any, Final

from ops.bench import made, stack
from ops.bench.figure import Figure, at_most, progress
from ops.bench.stack import Stack

PLAYABLE_S: Final = 1.0
LENGTH_S: Final = 600
CUTS_S: Final = ((60.7, 71.3), (130.1, 150.9), (222.2, 230.7), (301.3, 333.3), (480.5, 499.7))
TRIM_S: Final = (3.3, 590.3)
_OK: Final = 200


async def figures(*, quick: bool) -> AsyncIterator[Figure]:
    """Seconds from the request to the first picture and sound of the new version, init segments included."""
    async with stack.running() as product, made.gateway(product) as client:
        one = await made.written(product, client, LENGTH_S)
        await made.stop(product, client, one)
        await made.completed(product, one)
        runs = [await playable(product, one, shift / 10) for shift in range(3 if quick else 7)]
    yield at_most("edit_playable_10min", "s", runs, PLAYABLE_S)


async def playable(product: Stack, recording_id: str, shift_s: float) -> float:
    """Each run cuts elsewhere."""
    borders = [TRIM_S[0], *(border for one in CUTS_S for border in one), TRIM_S[1]]
    ranges = zip(borders[::2], borders[1::2], strict=True)
    keep = [{"begin_seconds": begin + shift_s, "end_seconds": end + shift_s} for begin, end in ranges]
    began = time.monotonic()
    await product.call("POST", f"/api/v1/recordings/{recording_id}/edits", {"keep": keep})
    made_s = time.monotonic() - began
    for playlist in _named(await _text(product, product.hls(recording_id, "master.m3u8"))):
        url = product.hls(recording_id, playlist)
        text = await _text(product, url)
        base = url.rpartition("/")[0]
        for name in (re.findall(r'MAP:URI="([^"]+)"', text)[0], _named(text)[0]):
            await _text(product, f"{base}/{name}")
    took = time.monotonic() - began
    progress(f"made in {made_s:.2f} s, playable in {took:.2f} s")
    return took


def _named(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [*dict.fromkeys([*lines, *re.findall(r'TYPE=AUDIO.*URI="([^"]+)"', text)])]


async def _text(product: Stack, url: str) -> Any:
    async with product.http.get(url) as response:
        data = await response.read()
        if response.status != _OK:
            raise RuntimeError(f"{url}: {response.status}")
        return data.decode("latin-1")
