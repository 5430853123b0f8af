"""What do parsers written by others say of a playlist? npm `hls-parser` in strict mode and PyPI `m3u8`."""

import asyncio
import json
from collections.abc import Sequence

import m3u8

from tests.strangers.install import FOLDER, installed

TOO_SHORT = "at least 85% of PART-TARGET"
"""hls-parser does not know that parts with INDEPENDENT=YES may be shorter (RFC 8216bis, 4.4.4.9); `hls_rules` does."""


async def complaints(playlists: Sequence[str]) -> list[str]:
    """One line per playlist that somebody refuses, with the playlist; empty when all are accepted."""
    said = [f"m3u8: {problem}\n{text}" for text in playlists if (problem := _m3u8(text))]
    answers = await _hls_parser(playlists)
    return said + [
        f"hls-parser: {problem}\n{text}"
        for text, problem in zip(playlists, answers, strict=True)
        if problem and TOO_SHORT not in problem
    ]


def _m3u8(text: str) -> str:
    try:
        parsed = m3u8.loads(text)
    except ValueError as error:
        return str(error)
    if parsed.is_variant:
        return "" if parsed.playlists else "no variant"
    return "" if parsed.is_endlist == ("#EXT-X-ENDLIST" in text) else "the end is not where it stands"


async def _hls_parser(playlists: Sequence[str]) -> list[str]:
    await installed()
    process = await asyncio.create_subprocess_exec(
        *("node", str(FOLDER / "parse_strictly.mjs")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        answer, _ = await process.communicate(json.dumps([_last_parts(text) for text in playlists]).encode())
    return list(json.loads(answer))


def _last_parts(text: str) -> str:
    """Parts of the last three segments only.

    hls-parser takes "three target durations from the end" (RFC 8216bis, 4.4.4.9) for three segments, and refuses more,
    which with segments of half a target duration is half of what may be listed. Each part has been shown to it before.
    """
    lines = text.splitlines()
    ends = [number for number, line in enumerate(lines) if line.startswith("#EXTINF")]
    open_one = any(line.startswith("#EXT-X-PART:") for line in lines[ends[-1] :]) if ends else False
    first = ends[-4 + open_one] if len(ends) > 3 - open_one else 0
    kept = [line for number, line in enumerate(lines) if number > first or not line.startswith("#EXT-X-PART:")]
    return "\n".join(kept) + "\n"
