"""How soon does a download begin, and what does all of it cost? A recording of ten minutes, and one of an hour."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final

from gateways.edge.movies import KEPT_S
from ops.bench import child, cpu, made, stack
from ops.bench.figure import Figure, at_most, progress
from ops.bench.stack import Stack

FIRST_BYTE_S: Final = 0.3
COST: Final = 1.5
TEN_MINUTES_S: Final = 600
HOUR_S: Final = 3600
SMALL: Final = ((320, 180), 150_000)
"""The hour's picture: what a head costs depends on how many frames there are, not on their size."""
_CHUNK: Final = 1 << 20


async def figures(*, quick: bool) -> AsyncIterator[Figure]:
    """Seconds until the first byte, and CPU of the whole against the same bytes as a file."""
    runs = 3 if quick else 5
    async with stack.running() as product, made.gateway(product) as client:
        one = await made.written(product, client, TEN_MINUTES_S)
        stopped = time.monotonic()
        await made.stop(product, client, one)
        await first_byte(product, one)
        from_stop = time.monotonic() - stopped
        await made.completed(product, one)
        asked = [await _anew(lambda: first_byte(product, one)) for _ in range(runs)]
        yield at_most(
            "download_first_byte_10min", "s", asked, FIRST_BYTE_S, beside={"from_stop_s": round(from_stop, 3)}
        )
        yield await cost(product, one, runs)
        if not quick:
            hour = await made.written(product, client, HOUR_S, size=SMALL[0], bits_per_s=SMALL[1])
            await made.stop(product, client, hour)
            await made.completed(product, hour)
            asked = [await _anew(lambda: first_byte(product, hour)) for _ in range(runs)]
            yield at_most("download_first_byte_1h", "s", asked, FIRST_BYTE_S)


async def cost(product: Stack, recording_id: str, runs: int) -> Figure:
    """CPU of the edge for one download, its head made anew, and of the same server for a file of the same bytes."""
    pids = product.pids("edge")
    ours = [await _anew(lambda: spent(pids, product.hls(recording_id, "download.mp4"))) for _ in range(runs)]
    with tempfile.TemporaryDirectory(prefix="loom-bench-") as folder:
        file = Path(folder) / "same.mp4"
        async with product.http.get(product.hls(recording_id, "download.mp4")) as response:
            with file.open("wb") as out:
                async for data in response.content.iter_chunked(_CHUNK):
                    out.write(data)
        command = child.module("ops.bench.static_file", str(file))
        async with child.running(*command, stdout=asyncio.subprocess.PIPE) as process:
            assert process.stdout is not None
            port = int(await process.stdout.readline())
            floor = [await spent([process.pid], f"http://127.0.0.1:{port}/same.mp4") for _ in range(runs)]
        megabytes = file.stat().st_size / 1e6
    median = sorted(floor)[len(floor) // 2]
    return at_most(
        "download_cpu_10min",
        "CPU-ms",
        ours,
        round(COST * median, 1),
        floor=("the same server, the same bytes as one file", median),
        beside={"floor_runs": floor, "megabytes": round(megabytes, 1)},
    )


async def first_byte(product: Stack, recording_id: str) -> float:
    """Seconds from the request to the first byte of the body."""
    began = time.monotonic()
    async with product.http.get(product.hls(recording_id, "download.mp4")) as response:
        response.raise_for_status()
        await response.content.readexactly(1)
        took = time.monotonic() - began
        response.close()
    return took


async def spent(pids: list[int], url: str) -> float:
    """CPU-ms of `pids` while curl reads all of it."""
    before = sum(map(cpu.spent_ms, pids))
    async with child.running("curl", "-sSf", "-o", "/dev/null", url) as process:
        if await process.wait():
            raise RuntimeError(f"{url} could not be read")
    await asyncio.sleep(0.1)  # what is told to the server afterwards
    found = sum(map(cpu.spent_ms, pids)) - before
    progress(f"{found:.0f} ms of CPU for {url.rpartition('/')[2]}")
    return found


async def _anew(measured: Callable[[], Awaitable[float]]) -> float:
    """Once what the edge remembers of it has been forgotten."""
    await asyncio.sleep(KEPT_S + 0.5)
    return await measured()
