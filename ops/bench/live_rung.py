"""How long after the source's is a part in the playlist of the live rung? Blocking reloads of both, side by side."""

import asyncio
import re
import time
from statistics import median
from typing import Final

from ops.bench import stack
from ops.bench.figure import Figure, at_most, percentile, progress
from ops.bench.loading import sending, targets_of
from ops.bench.stack import Stack
from schemas.media import LIVE_RUNG, VIDEO

DELAY_BAR_S: Final = 2.0
JOINED_S: Final = 60


async def delay(seconds: float) -> Figure:
    """When is a part in the live rung's playlist, after it was in the source's? Blocking reloads of both."""
    async with stack.running({"LOOM_LIVE_RUNG": "always"}) as product:
        (one,), targets = await targets_of(product, 1)
        async with sending(targets):
            joined = time.monotonic()
            async with asyncio.timeout(JOINED_S):
                while await _status(product, one, LIVE_RUNG) != 200:  # noqa: ASYNC110, PLR2004
                    await asyncio.sleep(0.1)
            joined_s = time.monotonic() - joined
            progress(f"the live rung can be played {joined_s:.1f} s after the source has connected")
            source, rung = await asyncio.gather(
                _seen(product, one, VIDEO, seconds), _seen(product, one, LIVE_RUNG, seconds)
            )
    delays = [rung[part] - source[part] for part in source.keys() & rung.keys()]
    if not delays:
        raise RuntimeError("The live rung has no part of the source.")
    beside = {
        "parts": len(delays),
        "joined_s": round(joined_s, 1),
        "p50_s": round(median(delays), 3),
        "most_s": round(max(delays), 3),
    }
    return at_most("live360_delay_p95", "s", [percentile(delays, 95)], DELAY_BAR_S, beside=beside)


async def _status(product: Stack, recording_id: str, rendition: str) -> int:
    async with product.http.get(product.hls(recording_id, f"{rendition}.m3u8")) as response:
        return response.status


async def _seen(product: Stack, recording_id: str, rendition: str, seconds: float) -> dict[tuple[int, int], float]:
    """When each part was first listed: segment and part, monotonic seconds."""
    seen: dict[tuple[int, int], float] = {}
    until = time.monotonic() + seconds
    wanted = ""
    while time.monotonic() < until:
        async with product.http.get(product.hls(recording_id, f"{rendition}.m3u8") + wanted) as response:
            text = await response.text()
        at = time.monotonic()
        parts = [
            (int(msn), int(part)) for msn, part in re.findall(rf'PART:[^\n]*URI="{rendition}/(\d+)\.(\d+)\.m4s"', text)
        ]
        for part in parts:
            seen.setdefault(part, at if wanted else 0.0)
        hint = re.search(rf'PRELOAD-HINT:[^\n]*URI="{rendition}/(\d+)\.(\d+)\.m4s"', text)
        wanted = f"?_HLS_msn={hint[1]}&_HLS_part={hint[2]}" if hint else wanted
    return {part: at for part, at in seen.items() if at}  # not what was there at the beginning
