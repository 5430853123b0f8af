"""What does the ladder cost? CPU against the `ffmpeg` command, two workers against one; and the live rung's delay."""

import asyncio
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import obstore
import psutil
from nats.aio.client import Client as Nats
from obstore.store import LocalStore

from actors.outside.limits import Limits
from actors.outside.sandbox import CODECS, Sandbox
from actors.processing.jobs.decider import Completed
from actors.processing.jobs.stories import Stories
from media.hls import index
from media.samples import Init
from media.transcode.ladder import Rung, ladder
from media.transcode.segment import Rendered, transcode
from ops.bench import child, live_rung, servers
from ops.bench.clip import recording
from ops.bench.figure import Figure, at_most, progress
from schemas.envelope import NOBODY
from schemas.ids import RecordingId, job_id, new_id
from schemas.media import VIDEO, to_headers
from schemas.processing import QueueJob
from subjects import objects

SIZE: Final = (1280, 720)
BITS_PER_S: Final = 2_500_000
WALL_US: Final = 1_700_000_000_000_000
CPU_BAR: Final = 1.10
TWO_BAR: Final = 0.6
FFMPEG_DEADLINE_S: Final = 300
JOB_DEADLINE_S: Final = 600
_PLAIN: Final = Limits(seconds=120.0, cpu_seconds=120, niceness=0)
_RUNGS: Final = ladder(*SIZE)


async def figures(*, quick: bool) -> AsyncIterator[Figure]:
    """Of 720p30 at 2.5 Mbit/s: 720p, 480p and 360p of it."""
    seconds, runs = (10, 3) if quick else (20, 5)
    yield await cpu(seconds, runs)
    yield await two_workers(40 if quick else 80, 1 if quick else 3)
    yield await live_rung.delay(15 if quick else 40)


# --- CPU --------------------------------------------------------------------------------------------------------------


async def cpu(seconds: int, runs: int) -> Figure:
    """CPU of the sandbox's children, one a segment, against one `ffmpeg` for all; turn and turn about."""
    init, segments = stored(seconds)
    ours, floor = [], []
    with tempfile.TemporaryDirectory(prefix="loom-bench-") as folder:
        source = Path(folder) / "source.mp4"
        source.write_bytes(init + b"".join(segments.values()))
        async with Sandbox((*CODECS, transcode.__module__)) as sandbox:
            made = await _ladder(sandbox, init, segments)  # once to warm up, and for the sizes
            for number in range(1, runs + 1):
                before = _children_s()
                await _ladder(sandbox, init, segments)
                ours.append(_children_s() - before)
                floor.append(await asyncio.to_thread(_ffmpeg_s, source, made))
                progress(f"ladder, run {number} of {runs}: {ours[-1]:.2f} s of CPU, ffmpeg {floor[-1]:.2f} s")
    ratios = [one / other for one, other in zip(ours, floor, strict=True)]
    beside = {"cpu_s": [round(one, 2) for one in ours], "ffmpeg_cpu_s": [round(one, 2) for one in floor]}
    return at_most("ladder_cpu", "times the CPU of one ffmpeg command", ratios, CPU_BAR, beside=beside)


def stored(seconds: int) -> tuple[bytes, dict[int, bytes]]:
    """Init segment and segments of `video`, as they lie in storage."""
    init, segments = b"", defaultdict[int, bytes](bytes)
    for one in recording(seconds, *SIZE, BITS_PER_S, WALL_US):
        if one.rendition != VIDEO:
            continue
        if isinstance(one, Init):
            init = one.data
        else:
            segments[one.headers.segment] += one.data
    return init, segments


async def _ladder(sandbox: Sandbox, init: bytes, segments: dict[int, bytes]) -> list[Rendered]:
    made: list[Rendered] = []
    for number, data in segments.items():
        made = await sandbox.run(transcode, init, data, number, _RUNGS, limits=_PLAIN)
    return made


def _children_s() -> float:
    """CPU of all that our children have waited for: the zygote waits for each of its own before it answers for it."""
    times = [process.cpu_times() for process in psutil.Process().children()]
    return float(sum(one.children_user + one.children_system for one in times))


def _ffmpeg_s(source: Path, made: Sequence[Rendered]) -> float:
    """CPU of the command that makes the same renditions with one decode and the same settings of x264."""
    split = "".join(f"[s{place}]" for place in range(len(made)))
    scales = [
        f"[s{place}]scale={one.width}:{one.height}:flags=area[o{place}]" for place, one in enumerate(made)
    ]  # the size of the source is passed through
    words = ["ffmpeg", "-v", "error", "-y", "-threads", "1", "-i", str(source), "-filter_complex_threads", "1"]
    words += ["-filter_complex", ";".join([f"[0:v]split={len(made)}{split}", *scales])]
    for place, rung in enumerate(_RUNGS):
        words += ["-map", f"[o{place}]", *_x264(rung), str(source.with_name(f"{rung.name}.mp4"))]
    pid = os.posix_spawnp(words[0], words, os.environ)
    _, status, used = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"ffmpeg ended with {status}")
    return used.ru_utime + used.ru_stime


def _x264(rung: Rung) -> list[str]:
    bound = ["-maxrate", str(rung.max_bits_per_s), "-bufsize", str(rung.max_bits_per_s)]
    keys = ["-x264-params", "keyint=infinite:threads=1", "-force_key_frames", "expr:gte(t,n_forced*2)"]
    return [
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-crf",
        f"{rung.crf:g}",
        *bound,
        *keys,
        "-fps_mode",
        "passthrough",
    ]


# --- workers ----------------------------------------------------------------------------------------------------------


async def two_workers(seconds: int, runs: int) -> Figure:
    """Wall time of a job with two worker processes against one; real jobs, real claims, real sandboxes."""
    alone, together = [], []
    with tempfile.TemporaryDirectory(prefix="loom-bench-") as folder:
        store = LocalStore(folder, mkdir=True)
        async with servers.log() as url, servers.connected(url) as client:
            for number in range(1, runs + 1):
                alone.append(await _job_s(url, client, store, Path(folder), seconds, workers=1))
                together.append(await _job_s(url, client, store, Path(folder), seconds, workers=2))
                progress(
                    f"ladder job, run {number} of {runs}: {alone[-1]:.1f} s, with two workers {together[-1]:.1f} s"
                )
    ratios = [one / other for one, other in zip(together, alone, strict=True)]
    beside = {"one_s": [round(one, 1) for one in alone], "two_s": [round(one, 1) for one in together]}
    return at_most("ladder_two_workers", "times the wall time of one", ratios, TWO_BAR, beside=beside)


async def _job_s(url: str, client: Nats, store: LocalStore, folder: Path, seconds: int, *, workers: int) -> float:
    recording_id = RecordingId(new_id())
    await _store(store, recording_id, seconds)
    async with AsyncExitStack() as running:
        for _ in range(workers):
            command = child.module("ops.bench.ladder_worker", url, str(folder))
            process = await running.enter_async_context(child.running(*command, stdout=asyncio.subprocess.PIPE))
            assert process.stdout is not None
            async with asyncio.timeout(30):
                await process.stdout.readline()
        stories, said = Stories(client), QueueJob(job_id(recording_id, "transcode"), recording_id, "transcode")
        begun = time.monotonic()
        await stories.queue(said, NOBODY)
        async with asyncio.timeout(JOB_DEADLINE_S):
            while not isinstance(await stories.get(said.job_id, NOBODY), Completed):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return time.monotonic() - begun


async def _store(store: LocalStore, recording_id: str, seconds: int) -> None:
    """A recording as the archiver leaves it: init, segments, index."""
    found = index.RecordingIndex()
    segments = defaultdict[int, bytes](bytes)
    for sequence, one in enumerate(recording(seconds, *SIZE, BITS_PER_S, WALL_US), 1):
        kind = "init" if isinstance(one, Init) else "part"
        found.add(one.rendition, kind, to_headers(one.headers), len(one.data), sequence)
        if isinstance(one, Init):
            await obstore.put_async(store, objects.init(recording_id, one.rendition, one.headers.number), one.data)
        elif one.rendition == VIDEO:
            segments[one.headers.segment] += one.data
    for number, data in segments.items():
        await obstore.put_async(store, objects.segment(recording_id, VIDEO, number), data)
    found.add("all", "end", {}, 0, 1 << 30)
    await obstore.put_async(store, objects.index(recording_id), index.encode(found))
