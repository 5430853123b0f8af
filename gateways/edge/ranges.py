"""Byte ranges (RFC 9110, 14): a single one is served, several are answered with the whole."""

import re
from typing import Final

from gateways.edge.response import Response, problem, response

_SINGLE: Final = re.compile(r"bytes=(\d*)-(\d*)")


def whole_or_range(body: bytes, asked: str | None, headers: dict[str, str]) -> Response:
    """200, 206 or 416."""
    headers = {**headers, "Accept-Ranges": "bytes"}
    found = _SINGLE.fullmatch(asked) if asked else None
    if found is None or found.groups() == ("", ""):
        return response(200, body, headers)
    first, last = found.groups()
    start = int(first) if first else max(len(body) - int(last), 0)
    end = min(int(last), len(body) - 1) if first and last else len(body) - 1
    if start > end:
        return problem(416, f"There are {len(body)} bytes.", {"Content-Range": f"bytes */{len(body)}"})
    return response(206, body[start : end + 1], {**headers, "Content-Range": f"bytes {start}-{end}/{len(body)}"})
