"""How long from stop to a playlist that is ended and whole? A short recording and a long one: it must not grow."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

from ops.bench import stack
from ops.bench.figure import Figure, at_most, progress
from ops.bench.loading import sending, targets_of
from ops.bench.stack import Stack

BAR_S: Final = 1.5
AT_ONCE: Final = 3
ENDED_DEADLINE_S: Final = 20
_POLL_S: Final = 0.02


async def figures(*, quick: bool) -> AsyncIterator[Figure]:
    """Seconds from the stop request to `EXT-X-ENDLIST` in every rendition with every segment there."""
    short_s, long_s = (10, 60) if quick else (30, 600)
    async with stack.running() as product:
        for length_s in (short_s, long_s):
            ended, missing = await lengths(product, length_s)
            yield at_most(
                f"stop_to_ended_{length_s}s",
                "s",
                ended,
                BAR_S,
                also=max(missing) <= 1 / 3,
                beside={"missing_s": missing},
            )


async def lengths(product: Stack, length_s: int) -> tuple[list[float], list[float]]:
    """A few recordings of `length_s` seconds: time from stop to ended, and seconds that are missing at the end."""
    ids, targets = await targets_of(product, AT_ONCE)
    async with sending(targets):
        started = time.monotonic()
        while (left := length_s - (time.monotonic() - started)) > 0:
            progress(f"recording {AT_ONCE} streams, {left:.0f} s to go")
            await asyncio.sleep(min(left, 10))
        return await _stop_all(product, ids)


async def _stop_all(product: Stack, ids: list[str]) -> tuple[list[float], list[float]]:
    """The sources go on sending meanwhile: what they send after the stop is nobody's."""
    ended, missing = [], []
    for one in ids:
        before = await live_edge(product, one)
        asked, asked_at = time.monotonic(), time.time()
        await product.control(one, "stop")
        texts = [await until_ended(product, one, rendition) for rendition in ("video", "audio")]
        ended.append(time.monotonic() - asked)
        await everything_is_there(product, one, texts)
        missing.append(round(max(0.0, before[0] + (asked_at - before[1]) - seconds_in(texts[0])), 2))
        progress(f"stop to ended: {ended[-1]:.2f} s; shorter than expected by {missing[-1]} s")
    return ended, missing


async def live_edge(product: Stack, recording_id: str) -> tuple[float, float]:
    """How many seconds the video playlist holds, and when (wall clock) that was read."""
    return seconds_in(await playlist(product, recording_id, "video")), time.time()


async def until_ended(product: Stack, recording_id: str, rendition: str, deadline_s: float = ENDED_DEADLINE_S) -> str:
    """The playlist once it carries EXT-X-ENDLIST; asked again while it is refused. Raises TimeoutError."""
    async with asyncio.timeout(deadline_s):
        while True:
            with suppress(RuntimeError):
                if "#EXT-X-ENDLIST" in (text := await playlist(product, recording_id, rendition)):
                    return text
            await asyncio.sleep(_POLL_S)


async def playlist(product: Stack, recording_id: str, rendition: str) -> str:
    """A media playlist as it is now. Raises RuntimeError."""
    async with product.http.get(product.hls(recording_id, f"{rendition}.m3u8")) as response:
        if response.status != 200:  # noqa: PLR2004
            raise RuntimeError(f"{rendition}.m3u8: {response.status} {await response.text()}")
        return await response.text()


async def everything_is_there(product: Stack, recording_id: str, texts: list[str]) -> None:
    """Every segment and init the ended playlists name can be fetched. Raises RuntimeError for one that cannot."""
    for text in texts:
        for uri in segments(text):
            async with product.http.head(product.hls(recording_id, uri)) as response:
                if response.status != 200:  # noqa: PLR2004
                    raise RuntimeError(f"{uri} is named but answers {response.status}.")


def segments(text: str) -> list[str]:
    """URIs of inits and segments in a media playlist."""
    named = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [*dict.fromkeys(re.findall(r'#EXT-X-MAP:URI="([^"]+)"', text)), *named]


def seconds_in(text: str) -> float:
    """Seconds of media in a playlist: its segments, and the parts behind the last of them."""
    total = sum(float(found) for found in re.findall(r"#EXTINF:([\d.]+)", text))
    tail = text[text.rfind("#EXTINF:") :]
    return total + sum(float(found) for found in re.findall(r"#EXT-X-PART:[^\n]*?DURATION=([\d.]+)", tail))
