"""Byte ranges (RFC 9110, 14): a single one is served, several are answered with the whole."""

import re
from typing import Final

from gateways.edge.response import Response, problem, response

_SINGLE: Final = re.compile(r"bytes=(\d*)-(\d*)")


def whole_or_range(body: bytes, asked: str | None, headers: dict[str, str]) -> Response:
    """200, 206 or 416."""
    headers = {**headers, "Accept-Ranges": "bytes"}
    if _asked(asked) is None:
        return response(200, body, headers)
    part = single(asked, len(body))
    if part is None:
        return problem(416, f"There are {len(body)} bytes.", {"Content-Range": f"bytes */{len(body)}"})
    said = f"bytes {part.start}-{part.stop - 1}/{len(body)}"
    return response(206, body[part.start : part.stop], {**headers, "Content-Range": said})


def single(asked: str | None, size: int) -> range | None:
    """The bytes that are asked for, all of them when that is no single range; None when there are none of these."""
    if (found := _asked(asked)) is None:
        return range(size)
    first, last = found
    start = int(first) if first else max(size - int(last), 0)
    end = min(int(last), size - 1) if first and last else size - 1
    return range(start, end + 1) if start <= end else None


def _asked(asked: str | None) -> tuple[str, str] | None:
    found = _SINGLE.fullmatch(asked) if asked else None
    if found is None or found.groups() == ("", ""):
        return None
    return found[1], found[2]
