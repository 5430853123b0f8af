"""What happens to every request: an id, a trace, problem details for its refusals, one log line for its outcome."""

import re
import time
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import uuid4

import structlog
from aiohttp import web
from prometheus_client import Histogram

from actors.runtime import tracing
from gateways.http import problem
from gateways.http.operation import READING
from schemas.envelope import TRACE, Caller
from schemas.errors import LoomError
from schemas.ids import is_id, new_id

REQUEST_ID: Final = "X-Request-Id"
LONGEST_ID: Final = 128
ABOUT_KEY: Final = web.RequestKey("about", str)
"""The id of the recording in the path, or a new one for what the request may make."""
CALLER_KEY: Final = web.RequestKey("caller", Caller)
METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
TRACEPARENT: Final = re.compile(
    r"(?:00(?=.{53}$)|(?!00|ff)[0-9a-f]{2})(-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})(-.*)?"
)
"""W3C Trace Context, 3.2: later versions may say more, of which we pass on what ours says."""
TOOK: Final = Histogram(
    "loom_http_request_seconds",
    "How long a request took: of the API and of the ingest gateway.",
    ("method", "route", "status"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = structlog.get_logger(__name__)


@web.middleware
async def request_id(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Take the caller's id and trace, or make them; say the id in the answer, and both in every log line."""
    given = request.headers.get(REQUEST_ID, "")
    found = given if 0 < len(given) <= LONGEST_ID and given.isprintable() else uuid4().hex
    began = time.perf_counter()
    with structlog.contextvars.bound_contextvars(request_id=found):
        response = await _traced(request, handler, found)
        took = time.perf_counter() - began
        took_ms = round(took * 1000, 1)
        log.debug("answered", method=request.method, path=request.path, status=response.status, took_ms=took_ms)
    TOOK.labels(_method(request), _route(request), str(response.status)).observe(took)
    if not response.prepared:
        response.headers[REQUEST_ID] = found
    return response


async def _traced(request: web.Request, handler: Handler, correlation_id: str) -> web.StreamResponse:
    """What changes a recording is part of the recording's trace, unless the caller names another (W3C)."""
    about = next((found for found in request.match_info.values() if is_id(found)), "")
    is_new = not about or request.method in READING
    request[ABOUT_KEY] = about or new_id()
    given = TRACEPARENT.fullmatch(request.headers.get(TRACE, ""))
    trace = f"00{given[1]}" if given else tracing.of(new_id() if about and is_new else request[ABOUT_KEY])

    async def work(headers: dict[str, str]) -> web.StreamResponse:
        caller = request[CALLER_KEY] = Caller(correlation_id=correlation_id, trace=headers[TRACE])
        tracing.current.set(caller)
        return await handler(request)

    name = f"{_method(request)} {_route(request)}"
    return await tracing.around("server", name, {TRACE: trace}, work, begins=is_new and not given)


def _method(request: web.Request) -> str:
    return request.method if request.method in METHODS else "other"


def _route(request: web.Request) -> str:
    """As it was declared: ids in it have names."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "none"


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
