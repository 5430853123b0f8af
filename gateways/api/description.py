"""/api/openapi.json and /api/docs: what this origin offers, said to programs and to people."""

from typing import Final

import msgspec
from aiohttp import web

from gateways.api import edits, live, processing, recordings, uploads, workspaces
from gateways.api.examples import EXAMPLES
from gateways.api.openapi import Json, document
from gateways.api.reference import page
from gateways.http import health, hls, ingest, whip
from gateways.http.operation import JSON, TEXT, Answer, Operation
from gateways.http.route import Route

INFO: Final = {
    "title": "Loom",
    "version": "1",
    "summary": "Record in the browser or with any WHIP client; watch while it is being recorded.",
    "description": (
        "Times are ISO 8601 in UTC. Answers may gain fields within `v1`.\n\n"
        "Every refusal is `application/problem+json` (RFC 9457): `detail` is a sentence for people, `code` a word for "
        "programs. A method that an address does not offer is answered with 405 and `Allow`, an address that is not "
        "listed here with 404. HEAD is answered wherever GET is, event streams excepted.\n\n"
        "One address may change only so much in a minute: `RateLimit-Policy` and `RateLimit` tell how much; 429, that "
        "it was too much.\n\n"
        "`X-Request-Id` may be sent with any request; it comes back, and stands in the server's log."
    ),
}
TAGS: Final = {
    "recordings": "The life of a recording: started, controlled, read, changed, deleted.",
    "workspaces": "What holds for all recordings of a workspace.",
    "editing": "Versions of a recording that leave something out; undone is never lost.",
    "templates": "Settings to record with, kept under a name.",
    "processing": "What is made of a recording once it is completed, job by job.",
    "sending": "Picture and sound into a recording: WHIP (RFC 9725), or a WebSocket.",
    "importing": "A file into a recording: tus 1.0.0, so that a broken connection costs nothing.",
    "watching": "Picture and sound out of it, while it is being recorded and afterwards: HLS (RFC 8216), low latency. "
    "Every address may be read from any page (CORS). Each is signed for one recording and a while: the API's `hls_url` "
    "`poster_url` and the like are such addresses, and what a playlist lists lies beside it.",
    "health": "For monitors and load balancers.",
    "documents": "What you are reading.",
}
HTML: Final = "text/html"
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


class Description:
    """The resource; both are made once."""

    def __init__(self) -> None:
        said = written()
        self._json = openapi_json(said)
        self._page = page(said)

    async def openapi(self, _: web.Request) -> web.Response:
        """Read this document."""
        return _text(self._json, JSON)

    async def reference(self, _: web.Request) -> web.Response:
        """Read it as a page."""
        return _text(self._page, HTML)


ROUTES: Final = (
    Route(
        "getOpenapi",
        "GET",
        "/api/openapi.json",
        Description.openapi,
        "documents",
        answers=(Answer(200, "OpenAPI 3.1.", {JSON: dict}),),
    ),
    Route(
        "getReference",
        "GET",
        "/api/docs",
        Description.reference,
        "documents",
        answers=(Answer(200, "The page.", {HTML: TEXT}),),
    ),
)


def operations() -> list[Operation]:
    """What all doors of this origin offer."""
    recorded = (*recordings.ROUTES, *live.ROUTES, *edits.ROUTES, *processing.ROUTES)
    here = [route.operation for route in (*recorded, *workspaces.ROUTES, *uploads.ROUTES)]
    about = [route.operation for route in (*health.ROUTES, *ROUTES)]
    return [*here, *whip.OPERATIONS, *ingest.OPERATIONS, *map(hls.signed, hls.OPERATIONS), *about]


def written() -> Json:
    """That, as OpenAPI."""
    return document(operations(), INFO, TAGS, EXAMPLES)


def openapi_json(said: Json) -> str:
    """As docs/openapi.json has it."""
    return msgspec.json.format(msgspec.json.encode(said), indent=2).decode() + "\n"


def _text(text: str, media_type: str) -> web.Response:
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": POLICY}
    return web.Response(text=text, content_type=media_type, headers=headers)
