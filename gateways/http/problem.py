"""Refusals as problem details (RFC 9457): one table from codes to statuses, for every door."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import web

from schemas.errors import LoomError, Unavailable

STATUS: Final = {
    "invalid": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "gone": 410,
    "unavailable": 503,
}
RETRY_AFTER_S: Final = 2


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """A response with a sentence for people."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return web.Response(
        status=status,
        body=msgspec.json.encode(body),
        content_type="application/problem+json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def of(error: LoomError) -> web.Response:
    """The response to a refusal."""
    headers = {"Retry-After": str(RETRY_AFTER_S)} if isinstance(error, Unavailable) else None
    return problem(STATUS.get(error.code, 500), str(error), headers)
