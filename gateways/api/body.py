"""JSON in, JSON out: what a request says, decoded to a Struct; unknown fields are refused by name."""

from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web

from gateways.http.middleware import REQUEST_ID_KEY
from schemas.envelope import Caller
from schemas.errors import Invalid, NotFound
from schemas.ids import RecordingId, is_id

T = TypeVar("T")
JSON: Final = "application/json"


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


def json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON response."""
    return web.Response(
        status=status,
        body=msgspec.json.encode(body),
        content_type=JSON,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def caller(request: web.Request) -> Caller:
    """Until there is sign-in, one local user owns everything."""
    return Caller(correlation_id=request[REQUEST_ID_KEY])


def recording_id(request: web.Request) -> RecordingId:
    """The id in the path. Raises NotFound for what cannot be one."""
    text = request.match_info["id"]
    if not is_id(text):
        raise NotFound("There is no such recording.")
    return RecordingId(text)
