"""How long from a captured picture to a viewer's screen? A clock in the captured page, read back by the viewer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from itertools import pairwise
from typing import Final

from msgspec import Struct
from playwright.async_api import Browser, Page

from ops.bench import browser, stack
from ops.bench.figure import Figure, at_most, percentile, progress
from ops.bench.record_page import RecordPage
from ops.bench.stack import Stack

WIDTH: Final = 640
HEIGHT: Final = 360
SETTLE_S: Final = 12.0
"""The viewer's rate controller reaches its target from further back; the figure is what it holds."""
MOVING_P50_S: Final = 1.0
MOVING_P95_S: Final = 1.3
STILL_S: Final = 2.5


class Watched(Struct, frozen=True):
    """What a viewer saw in one window."""

    latencies_s: list[float]
    stalls: int
    longest_gap_s: float
    frames_per_s: float
    unreadable: int


async def figures(*, quick: bool) -> AsyncIterator[Figure]:
    """p50 and p95 with a moving picture, and the same with one that stands still."""
    seconds = 20.0 if quick else 60.0
    async with stack.running() as product, browser.browsing() as chromium:
        seen = await watched(product, chromium, "moving", seconds)
        thirds = _windows(seen.latencies_s, 3)
        p95 = percentile(seen.latencies_s, 95)
        yield at_most(
            "glass_to_glass_moving",
            "s, p50",
            [percentile(third, 50) for third in thirds],
            MOVING_P50_S,
            also=seen.stalls == 0 and p95 <= MOVING_P95_S,
            beside={"p95": round(p95, 3), "p95_bar": MOVING_P95_S, **_beside(seen, seconds)},
        )
        seen = await watched(product, chromium, "still", seconds)
        yield at_most(
            "glass_to_glass_still",
            "s, p50",
            [percentile(third, 50) for third in _windows(seen.latencies_s, 3)],
            STILL_S,
            also=seen.stalls == 0 and max(seen.latencies_s, default=9.0) <= STILL_S,
            beside={"max": round(max(seen.latencies_s, default=float("nan")), 3), **_beside(seen, seconds)},
        )


def _beside(seen: Watched, seconds: float) -> dict[str, float | int | str]:
    return {
        "seconds": seconds,
        "stalls": seen.stalls,
        "longest_gap_s": round(seen.longest_gap_s, 3),
        "frames_per_s": round(seen.frames_per_s, 1),
        "unreadable": seen.unreadable,
        "samples": len(seen.latencies_s),
        "picture": f"{WIDTH}x{HEIGHT}",
    }


async def watched(product: Stack, chromium: Browser, kind: str, seconds: float) -> Watched:
    """Record a page that draws the clock, watch it in another, and read it back for so many seconds."""
    async with AsyncExitStack() as pages:
        script = browser.sources(kind, width=WIDTH, height=HEIGHT)
        recorder = RecordPage(await pages.enter_async_context(browser.page_of(chromium, script)), product.url)
        await recorder.open()
        await recorder.choose("screen")
        link = await recorder.start()
        viewer = await pages.enter_async_context(browser.page_of(chromium))
        await viewer.goto(link)
        await viewer.wait_for_selector("video", state="attached")
        await viewer.evaluate(browser.reader())
        progress(f"glass to glass, {kind}: the player settles for {SETTLE_S:.0f} s")
        await asyncio.sleep(SETTLE_S)
        await _forget(viewer)
        seen = await _read(viewer, kind, seconds)
        await recorder.stop()
        return seen


async def _forget(viewer: Page) -> None:
    await viewer.evaluate(
        "() => Object.assign(window.loomSeen, {samples: [], frames: 0, unreadable: 0, waits: [], worst: 0})"
    )


async def _read(viewer: Page, kind: str, seconds: float) -> Watched:
    samples: list[Sequence[float]] = []
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while (left := until - loop.time()) > 0:
        await asyncio.sleep(min(left, 10))
        samples += await browser.samples(viewer)
        latest = percentile([one[1] / 1000 for one in samples[-200:]], 50)
        progress(f"glass to glass, {kind}: {latest:.2f} s, {max(0.0, until - loop.time()):.0f} s to go")
    counted = await viewer.evaluate(
        "() => ({frames: loomSeen.frames, unreadable: loomSeen.unreadable, waits: loomSeen.waits.length})"
    )
    # On a still screen a frame repeats an old clock: only its first appearance tells how late it is.
    fresh = [later for earlier, later in pairwise(samples) if later[2] != earlier[2]] if kind == "still" else samples
    return Watched(
        latencies_s=[one[1] / 1000 for one in fresh],
        stalls=counted["waits"],
        longest_gap_s=max((later[0] - earlier[0] for earlier, later in pairwise(samples)), default=0.0) / 1000,
        frames_per_s=counted["frames"] / seconds,
        unreadable=counted["unreadable"],
    )


def _windows(values: list[float], count: int) -> list[list[float]]:
    """`values` cut into `count` stretches of the same length."""
    size = max(1, len(values) // count)
    return [values[start : start + size] for start in range(0, size * count, size)]
