"""Refusals as responses of aiohttp, with problem details (RFC 9457)."""

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from gateways.http.refusals import INTERNAL, MEDIA_TYPE, STATUS, problem_details
from schemas.errors import LoomError, Unavailable

RETRY_AFTER_S: Final = 2


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """A response with a sentence for people."""
    return web.Response(
        status=status,
        body=problem_details(status, detail),
        content_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def of(error: LoomError) -> web.Response:
    """The response to a refusal."""
    headers = {"Retry-After": str(RETRY_AFTER_S)} if isinstance(error, Unavailable) else None
    return problem(STATUS.get(error.code, INTERNAL), str(error), headers)
