"""What does a stream cost at the gateway, WHIP to parts acknowledged by JetStream? 16 streams, then 64; two floors."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ops.bench import child, cpu, stack, stream
from ops.bench.figure import Figure, at_least, at_most, progress
from ops.bench.loading import sending, targets_of
from ops.bench.stack import Stack, free_port
from ops.bench.stop_to_ended import seconds_in, until_ended
from ops.bench.whip_load import Report, Target

WARM_UP_S = 4.0
SHORT_S = 1.0
"""How much of a stream may be missing at its end: everything that was sent has to be acknowledged."""
CAUGHT_UP_S = 120.0
WORKERS = ("processing", "streaming")
"""Held still while the gateway is measured: they read the log when they can, and would take its cores here."""


async def figures(*, quick: bool) -> AsyncIterator[Figure]:
    """CPU-ms per second of one 720p30 2.5 Mbit/s stream."""
    window_s, count = (5.0, 2) if quick else (10.0, 3)
    floor = await ffmpeg_copy(window_s, count)
    recorder = await media_recorder(window_s, count)
    async with stack.running() as product:
        few, report, held = await streams(product, 16, window_s, count)
        yield at_most(
            "gateway_16",
            "CPU-ms per stream-second",
            few,
            10,
            floor=("ffmpeg -re -c copy", floor),
            also=report.lost == 0 and held >= -SHORT_S,
            beside={"shortest_recording_misses_s": -held, **_seen(report)},
        )
        cheapest = sorted(few)[len(few) // 2]
        yield at_least("gateway_against_media_recorder", "times cheaper", [one / cheapest for one in recorder], 40)
        many, report, held = await streams(product, 64, window_s, count)
        yield at_most(
            "gateway_64",
            "times the cost of 16",
            [one / cheapest for one in many],
            1.1,
            also=report.lost == 0 and held >= -SHORT_S,
            beside={
                "cpu_ms_per_stream_second": [round(one, 2) for one in many],
                "shortest_recording_misses_s": -held,
                **_seen(report),
            },
        )


@contextmanager
def held_still(product: Stack, names: Sequence[str]) -> Iterator[None]:
    """SIGSTOP these processes while the block runs, SIGCONT after it."""
    held = [process for name in names for process in product.processes(name)]
    for process in held:
        process.suspend()
    try:
        yield
    finally:
        for process in held:
            process.resume()


def _seen(report: Report) -> dict[str, float]:
    return {
        "packets_sent": report.packets,
        "packets_lost": report.lost,
        "nacks": report.nacks,
        "sent_s": report.seconds,
    }


async def streams(product: Stack, number: int, window_s: float, count: int) -> tuple[list[float], Report, float]:
    """CPU-ms per stream-second in each window, what the load saw, and how much longer the shortest recording is."""
    loop = asyncio.get_running_loop()
    ids, targets = await targets_of(product, number)
    async with sending(targets) as load:
        connected_at = loop.time()
        with held_still(product, WORKERS):
            await asyncio.sleep(WARM_UP_S)
            rates = await cpu.windows(product.pids("ingest"), window_s, count, f"gateway, {number} streams")
            sent_s = loop.time() - connected_at
            report = await load.finish()
    for one in ids:
        await product.control(one, "stop")
    # The workers have a minute to catch up with: the log answers slowly meanwhile.
    held = [seconds_in(await until_ended(product, one, "video", CAUGHT_UP_S)) for one in ids]
    return [rate / number for rate in rates], report, round(min(held) - sent_s, 2)


async def media_recorder(window_s: float, count: int) -> list[float]:
    """CPU-ms per stream-second of aiortc's own MediaRecorder, with a single stream: two would not fit on two cores."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="loom-bench-") as folder:
        command = child.module("ops.bench.media_recorder", folder, str(port))
        async with child.running(*command, stdout=asyncio.subprocess.PIPE) as process:
            assert process.stdout is not None
            async with asyncio.timeout(20):
                await process.stdout.readline()
            async with sending([Target(f"http://127.0.0.1:{port}/whip", "")]):
                await asyncio.sleep(WARM_UP_S)
                return await cpu.windows([process.pid], window_s, count, "MediaRecorder, 1 stream")


async def ffmpeg_copy(window_s: float, count: int) -> float:
    """CPU-ms per second of `ffmpeg -re -c copy` of the same stream to fragmented MP4: the floor."""
    source = await stream.ordinary()
    with tempfile.TemporaryDirectory(prefix="loom-bench-") as folder:
        target = Path(folder) / "copy.mp4"
        async with child.running(
            *("ffmpeg", "-v", "error", "-re", "-stream_loop", "-1", "-i", str(source), "-c", "copy"),
            *("-f", "mp4", "-movflags", "frag_keyframe+empty_moov+default_base_moof", "-y", str(target)),
            stdin=asyncio.subprocess.DEVNULL,
        ) as process:
            progress("floor: ffmpeg -re -c copy")
            await asyncio.sleep(1)
            rates = await cpu.windows([process.pid], window_s, count, "ffmpeg -re -c copy")
    return sorted(rates)[len(rates) // 2]
