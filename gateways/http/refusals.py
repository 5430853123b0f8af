"""Which refusals does a client meet, at whatever door? Each has a status, a code for programs and what it means."""

from collections.abc import Mapping
from http import HTTPStatus
from inspect import getdoc
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from schemas.errors import BY_CODE, LoomError

STATUS: Final = {
    "invalid": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "gone": 410,
    "unavailable": 503,
    "no_room": 507,
}
"""The refusals of actors (`schemas/errors.py`), by their code."""
INTERNAL: Final = 500
MEDIA_TYPE: Final = "application/problem+json"
_BAD: Final = "invalid"


class Refusal(Struct, frozen=True):
    """`headers` are those that come with it: what each is called and what it says."""

    status: int
    code: str
    says: str
    headers: Mapping[str, str] = {}


_HEADERS: Final = {
    401: {"WWW-Authenticate": "`Bearer` (RFC 6750, 3)."},
    503: {"Retry-After": "After how many seconds to ask again."},
}
_OF_ACTORS: Final = [
    Refusal(STATUS[code], code, getdoc(error) or "", _HEADERS.get(STATUS[code], {})) for code, error in BY_CODE.items()
]
_OF_HTTP: Final = [
    Refusal(405, "method_not_allowed", "This method is not offered here.", {"Allow": "Those that are."}),
    Refusal(408, "timeout", "The request took too long to arrive; send it again."),
    Refusal(412, "precondition_failed", "The ETag in If-Match is not that of the thing."),
    Refusal(413, "too_long", "The body is longer than is read."),
    Refusal(415, "unsupported_media_type", "The Content-Type is not the one that is read here."),
    Refusal(416, "range_not_satisfiable", "There are fewer bytes.", {"Content-Range": "How many there are."}),
    Refusal(422, "unusable", "It is well formed, and nothing can be made of it; `detail` says why."),
    Refusal(428, "precondition_required", "If-Match must be sent."),
    Refusal(
        429,
        "too_many_requests",
        "More than one address may ask for; wait a moment.",
        {
            "Retry-After": "After how many seconds to ask again.",
            "RateLimit": "What is left now, and when there is more (draft-ietf-httpapi-ratelimit-headers-10).",
            "RateLimit-Policy": "How many requests in how many seconds.",
        },
    ),
    Refusal(460, "checksum_mismatch", "The bytes do not come to what was promised; send them again."),
    Refusal(431, "head_too_long", "The request's head is longer than is read."),
    Refusal(INTERNAL, LoomError.code, "A defect of the server; its details are in the server's log."),
]
REFUSALS: Final = {refusal.status: refusal for refusal in sorted(_OF_ACTORS + _OF_HTTP, key=lambda one: one.status)}
_CODES: Final = sorted(refusal.code for refusal in REFUSALS.values())


class Problem(Struct, frozen=True):
    """A refusal as problem details (RFC 9457)."""

    title: Annotated[str, Meta(description="The status in words.")]
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: Annotated[str, Meta(description="What is wrong, for people.")]
    code: Annotated[str, Meta(description="What is wrong, for programs.", extra_json_schema={"enum": _CODES})]
    type: Literal["about:blank"] = "about:blank"


def problem_details(status: int, detail: str) -> bytes:
    """The body of a refusal; a status without a row has the code of its class."""
    known = REFUSALS.get(status)
    code = known.code if known else LoomError.code if status >= INTERNAL else _BAD
    phrase = _PHRASES.get(status) or HTTPStatus(status).phrase
    return msgspec.json.encode(Problem(phrase, status, detail, code))


_PHRASES: Final = {460: "Checksum Mismatch"}  # tus 1.0.0; not known to http.HTTPStatus
