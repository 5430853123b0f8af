"""What does a live viewer cost at the edge? 200 viewers of one stream, against nginx serving the same bytes."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec
import psutil

from ops.bench import child, cpu, stack
from ops.bench.figure import Figure, at_most, progress
from ops.bench.loading import sending, targets_of
from ops.bench.stack import Stack, free_port
from ops.bench.stop_to_ended import playlist
from ops.bench.viewer_load import Counts

VIEWERS: Final = 200
MINUTE: Final = 60
RENDITIONS: Final = ("video", "audio")
BAR: Final = 4.0
FOLLOWING_DEADLINE_S: Final = 60
WARM_UP_S: Final = 5.0


async def figures(*, quick: bool) -> AsyncIterator[Figure]:
    """CPU-ms per viewer-minute, and how many times nginx's."""
    window_s, count = (5.0, 2) if quick else (10.0, 3)
    with tempfile.TemporaryDirectory(prefix="loom-bench-") as name:
        folder = Path(name)
        (folder / "served").mkdir()
        async with stack.running() as product:
            ids, targets = await targets_of(product, 1)
            async with sending(targets):
                await asyncio.sleep(WARM_UP_S)
                await snapshot(product, ids[0], folder / "served")
                url = product.hls(ids[0], "").rstrip("/")
                ours, seen = await viewers("live", url, product.pids("edge"), window_s, count)
            await product.control(ids[0], "stop")
        floor, same = await nginx(folder, window_s, count)
    median = sorted(floor)[len(floor) // 2]
    yield at_most(
        "edge_200_viewers",
        "CPU-ms per viewer-minute",
        ours,
        round(BAR * median, 3),
        floor=("nginx, the same bytes", median),
        also=not seen.errors,
        beside={"floor_runs": [round(one, 4) for one in floor], "edge": seen, "nginx": same},
    )


async def viewers(mode: str, url: str, pids: list[int], window_s: float, count: int) -> tuple[list[float], Counts]:
    """CPU-ms per viewer-minute of `pids` while the viewers watch, and what they fetched."""
    command = child.module("ops.bench.viewer_load", mode, url, "--viewers", str(VIEWERS))
    async with child.running(*command, stdout=asyncio.subprocess.PIPE) as process:
        assert process.stdout is not None
        async with asyncio.timeout(FOLLOWING_DEADLINE_S):
            await process.stdout.readline()
        rates = await cpu.windows(pids, window_s, count, f"{VIEWERS} viewers, {mode}")
        process.terminate()
        counts = msgspec.json.decode(await process.stdout.readline(), type=Counts)
    return [rate * MINUTE / VIEWERS for rate in rates], counts


async def snapshot(product: Stack, recording_id: str, folder: Path) -> None:
    """Keep one playlist (compressed, as it is sent) and one part of each rendition, for nginx to serve."""
    for rendition in RENDITIONS:
        text = await playlist(product, recording_id, rendition)
        part = next(
            line.partition('URI="')[2].partition('"')[0]
            for line in text.splitlines()
            if line.startswith("#EXT-X-PART:")
        )
        base = product.hls(recording_id, "")
        async with product.http.get(base + part) as response:
            (folder / f"{rendition}.m4s").write_bytes(await response.read())
        headers = {"Accept-Encoding": "gzip"}
        async with product.http.get(f"{base}{rendition}.m3u8", headers=headers, auto_decompress=False) as response:
            (folder / f"{rendition}.m3u8").write_bytes(await response.read())


async def nginx(folder: Path, window_s: float, count: int) -> tuple[list[float], Counts]:
    """The same for nginx: the floor."""
    port = free_port()
    async with nginx_running(folder, port) as pids:
        return await viewers("paced", f"http://127.0.0.1:{port}", pids, window_s, count)


@asynccontextmanager
async def nginx_running(folder: Path, port: int) -> AsyncIterator[list[int]]:
    """One worker with sendfile over `folder/served`; yields the workers' process ids."""
    binary = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if binary is None:
        raise RuntimeError("The edge's floor is nginx, and there is no nginx here.")
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, port=port, user="user root;" if os.getuid() == 0 else ""))
    progress("floor: nginx")
    async with child.running(
        binary, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(configuration)
    ) as it:
        async with asyncio.timeout(10):
            while True:
                if workers := [one.pid for one in psutil.Process(it.pid).children()]:
                    break
                await asyncio.sleep(0.05)
        yield workers


NGINX: Final = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; {user}
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; keepalive_timeout 600;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  types {{ application/vnd.apple.mpegurl m3u8; video/iso.segment m4s; }}
  open_file_cache max=100;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/served;
    location ~ m3u8$ {{ add_header Content-Encoding gzip; add_header Cache-Control "max-age=1"; }}
  }}
}}
"""
