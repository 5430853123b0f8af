"""JSON in, JSON out: what a request says, decoded to a Struct; unknown fields are refused by name."""

from typing import Any, TypeVar

import msgspec
from aiohttp import web

from gateways.http.operation import JSON
from schemas.errors import Invalid

T = TypeVar("T")


async def read(request: web.Request, said: type[T]) -> T:
    """The body as `said`. Raises Invalid, with the place, or HTTPUnsupportedMediaType."""
    if request.content_type != JSON:
        raise web.HTTPUnsupportedMediaType(reason=f"The body must be {JSON}, not {request.content_type}.")
    try:
        return msgspec.json.decode(await request.read() or b"{}", type=said)
    except msgspec.ValidationError as error:
        raise Invalid(f"{error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"The body is not JSON: {error}.") from None


def read_query(request: web.Request, asked: type[T]) -> T:
    """The query as `asked`; what it does not know is ignored. Raises Invalid, with the place."""
    try:
        return msgspec.convert(dict(request.query), asked, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(f"{error}.") from None


def json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON response."""
    return web.Response(
        status=status,
        body=msgspec.json.encode(body),
        content_type=JSON,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )
