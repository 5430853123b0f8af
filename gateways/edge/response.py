"""HTTP/1.1 responses as bytes, built once and shared by everybody who waits for them."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from msgspec import Struct

from gateways.http.refusals import MEDIA_TYPE, problem_details

CORS: Final = (
    "Access-Control-Allow-Origin: *\r\n"
    "Access-Control-Expose-Headers: Content-Range, ETag, Retry-After, X-Request-Id\r\n"
    "X-Content-Type-Options: nosniff\r\n"
)
IMMUTABLE: Final = "public, max-age=31536000, immutable"
BAD: Final = 400
REQUEST_ID: Final = b"X-Request-Id"
_REASONS: Final = {status.value: status.phrase for status in HTTPStatus}


class Response(Struct, frozen=True):
    """A complete response: head (with its empty line) and body; `etag` with its quotes, where there is one."""

    head: bytes
    body: bytes
    status: int = 200
    etag: bytes = b""

    @property
    def has_request_id(self) -> bool:
        """Whether it names the request (to be allowed to be read is not it)."""
        return b"\r\n%b:" % REQUEST_ID in self.head

    def with_field(self, name: bytes, value: bytes) -> "Response":
        """The same with one more header field."""
        return Response(b"%b%b: %b\r\n\r\n" % (self.head[:-2], name, value), self.body, self.status, self.etag)


def response(status: int, body: bytes, headers: Mapping[str, str]) -> Response:
    """Content-Length and CORS are added."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} {_REASONS[status]}\r\n{lines}{CORS}Content-Length: {len(body)}\r\n\r\n"
    return Response(head.encode("latin-1"), body, status, headers.get("ETag", "").encode())


def not_modified(known: Response, cache: str) -> Response:
    """The client has it already (RFC 9110, 15.4.5)."""
    head = f"HTTP/1.1 304 Not Modified\r\nETag: {known.etag.decode()}\r\nCache-Control: {cache}\r\n{CORS}\r\n"
    return Response(head.encode("latin-1"), b"", 304)


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """A refusal as problem details (RFC 9457)."""
    fields = {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store", **(headers or {})}
    return response(status, problem_details(status, detail), fields)


def unavailable(detail: str) -> Response:
    """Something is away; come again in a second."""
    return problem(503, detail, {"Retry-After": "1"})
