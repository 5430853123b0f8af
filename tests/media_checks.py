"""What is in a recording, as strangers' decoders see it: FFmpeg's own tools and PyAV, from the playlist's own bytes."""

import asyncio
import re
from collections.abc import Iterable
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urljoin

import aiohttp
import av
import numpy as np

BEEP_WINDOW_S = 0.005
BRIEF_S = 0.002
CLOCK_CELLS = 30
CLOCK_WRAPS_MS = 1 << 24


class Piece(NamedTuple):
    """Segments that decode with one init, in order: bytes that any player would append."""

    init: bytes
    segments: tuple[bytes, ...]
    data: bytes


class Presented(NamedTuple):
    """One decoded picture."""

    at_s: float
    brightness: float  # 0 to 255
    clock_ms: int | None  # of ops/bench/pages/sources.js, where it was drawn


def seconds_in(playlist: str) -> float:
    """Seconds of media: the segments, and the parts behind the last of them."""
    total = sum(float(found) for found in re.findall(r"#EXTINF:([\d.]+)", playlist))
    tail = playlist[max(playlist.rfind("\n#EXTINF:"), 0) :]
    return total + sum(float(found) for found in re.findall(r"#EXT-X-PART:[^\n]*?DURATION=([\d.]+)", tail))


async def text(http: aiohttp.ClientSession, url: str) -> str:
    """A playlist; the test fails for anything but 200."""
    async with http.get(url) as response:
        body = await response.text()
        assert response.status == 200, f"{url}: {response.status} {body[:300]}"
        return body


async def content(http: aiohttp.ClientSession, url: str) -> bytes:
    """Media bytes; the test fails for anything but 200."""
    async with http.get(url) as response:
        body = await response.read()
        assert response.status == 200, f"{url}: {response.status}"
        return body


async def pieces(http: aiohttp.ClientSession, url: str) -> list[Piece]:
    """Everything the media playlist at `url` names, grouped by its EXT-X-MAP."""
    found: list[tuple[str, list[str]]] = []
    for line in (await text(http, url)).splitlines():
        if line.startswith("#EXT-X-MAP:"):
            uri = line.partition('URI="')[2].partition('"')[0]
            if not found or found[-1][0] != uri:
                found.append((uri, []))
        elif line and not line.startswith("#"):
            assert found, f"{url}: a segment stands before the first EXT-X-MAP"
            found[-1][1].append(line)
    result = []
    for uri, segments in found:
        init = await content(http, urljoin(url, uri))
        bodies = [await content(http, urljoin(url, segment)) for segment in segments]
        result.append(Piece(init, tuple(bodies), init + b"".join(bodies)))
    return result


async def complaints(piece: Piece) -> str:
    """All that `ffmpeg -v warning` has to say while it decodes everything; empty for sound media."""
    process = await asyncio.create_subprocess_exec(
        *("ffmpeg", "-nostdin", "-v", "warning", "-threads", "1", "-i", "pipe:0"),
        # Every picture as it is: the null muxer would else round a screen's irregular times to a fixed rate and complain.
        *("-fps_mode", "passthrough", "-enc_time_base:v", "1:90000", "-f", "null", "-"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        _, said = await process.communicate(piece.data)
    lines = said.decode(errors="replace").splitlines()
    return "\n".join(line for line in lines if line.strip() and not harmless(line))


def harmless(line: str) -> bool:
    """FFmpeg's remarks about reading fragments from a pipe or writing to nowhere, not about the media."""
    return any(
        word in line
        for word in (
            "could not seek",  # a pipe is not a file
            "deprecated pixel format",
            "Guessed Channel Layout",
            "vsync",
        )
    )


def pictures(all_pieces: Iterable[Piece]) -> list[Presented]:
    """Every decoded picture with its time on the recording's clock and its brightness."""
    result = []
    for piece in all_pieces:
        with av.open(BytesIO(piece.data)) as container:
            container.streams.video[0].thread_type = "NONE"
            for frame in container.decode(video=0):
                luma = frame.to_ndarray(format="gray")
                result.append(Presented(float(frame.time or 0), float(luma[::16, ::16].mean()), clock(luma)))
    return result


def seen(presented: Iterable[Presented]) -> list[Presented]:
    """Those that last: what is only decoded for what follows (`media.splice`) nobody gets to see."""
    found = list(presented)
    return [
        one
        for one, after in zip(found, [*found[1:], None], strict=True)
        if not after or abs(after.at_s - one.at_s) > BRIEF_S
    ]


def clock(luma: Any) -> int | None:
    """The milliseconds (modulo 2^24) that the captured page had drawn into this picture, or None."""
    height, width = luma.shape
    row = luma[height // 16]
    bits = [int(row[int((cell + 0.5) * width / CLOCK_CELLS)] > 127) for cell in range(CLOCK_CELLS)]
    value = int("".join(map(str, bits[2:26])), 2)
    check = 0
    for shift in range(0, 24, 4):
        check ^= (value >> shift) & 15
    return value if bits[:2] == [1, 0] and check == int("".join(map(str, bits[26:])), 2) else None


def sound(all_pieces: Iterable[Piece]) -> tuple[list[float], list[float]]:
    """Times (seconds on the recording's clock) and loudness of windows of 5 ms."""
    times, levels = [], []
    for piece in all_pieces:
        with av.open(BytesIO(piece.data)) as container:
            for frame in container.decode(audio=0):
                wave: Any = frame.to_ndarray()
                mono = np.abs(wave if wave.ndim == 1 else wave.mean(axis=0)).astype(float)
                if wave.dtype.kind == "i":
                    mono /= 32768
                size = int(frame.sample_rate * BEEP_WINDOW_S)
                for start in range(0, len(mono) - size + 1, size):
                    times.append(float(frame.time or 0) + start / frame.sample_rate)
                    levels.append(float(mono[start : start + size].max()))
    return times, levels


def onsets(times: Iterable[float], levels: Iterable[float], threshold: float, quiet_s: float = 0.4) -> list[float]:
    """When a level first exceeds the threshold after at least `quiet_s` below it."""
    found: list[float] = []
    last_loud = float("-inf")
    for at, level in zip(times, levels, strict=True):
        if level > threshold:
            if at - last_loud > quiet_s:
                found.append(at)
            last_loud = at
    return found


def av_offsets(video: Iterable[Piece], audio: Iterable[Piece]) -> list[float]:
    """Beep minus flash, in seconds, for every flash that has a beep within half a second."""
    seen = pictures(video)
    flashes = onsets([one.at_s for one in seen], [one.brightness for one in seen], 128)
    beeps = onsets(*sound(audio), 0.2)
    nearest = [min((beep - flash for beep in beeps), key=abs, default=9.0) for flash in flashes]
    return [offset for offset in nearest if abs(offset) < 0.5]


def gaps(seen: Iterable[Presented]) -> list[float]:
    """Seconds between each picture and the next."""
    return [later.at_s - earlier.at_s for earlier, later in pairwise(seen)]


async def probe_packets(path: Path) -> int:
    """How many packets ffprobe counts in the first stream: truncation shows only here."""
    process = await asyncio.create_subprocess_exec(
        *("ffprobe", "-v", "error", "-count_packets", "-select_streams", "0"),
        *("-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", str(path)),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    return int(said.split()[0].rstrip(b","))
