"""What happens to every request: an id, problem details for its refusals, one line in the log for its outcome."""

import time
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import uuid4

import structlog
from aiohttp import web

from gateways.http import problem
from schemas.errors import LoomError

REQUEST_ID: Final = "X-Request-Id"
LONGEST_ID: Final = 128
REQUEST_ID_KEY: Final = web.RequestKey("request_id", str)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = structlog.get_logger(__name__)


@web.middleware
async def request_id(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Take the caller's id or make one; say it in the answer and in every log line."""
    given = request.headers.get(REQUEST_ID, "")
    found = given if 0 < len(given) <= LONGEST_ID and given.isprintable() else uuid4().hex
    request[REQUEST_ID_KEY] = found
    began = time.perf_counter()
    with structlog.contextvars.bound_contextvars(request_id=found):
        response = await handler(request)
        took_ms = round((time.perf_counter() - began) * 1000, 1)
        log.debug("answered", method=request.method, path=request.path, status=response.status, took_ms=took_ms)
    if not response.prepared:
        response.headers[REQUEST_ID] = found
    return response


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refusals become problems; a defect is logged and told without its details."""
    try:
        return await handler(request)
    except LoomError as error:
        return problem.of(error)
    except web.HTTPRequestEntityTooLarge:
        return problem.problem(413, "The body is too long.")
    except web.HTTPException as error:
        if error.status < 400:  # noqa: PLR2004
            raise
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        return problem.problem(error.status, _SENTENCES.get(error.status, error.reason), headers)
    except Exception:  # the HTTP rim: a defect ends here, without its details for the client
        log.exception("failed", method=request.method, path=request.path)
        return problem.problem(500, "Internal error")


_SENTENCES: Final = {
    404: "There is nothing at this address.",
    405: "This method is not offered at this address.",
}
