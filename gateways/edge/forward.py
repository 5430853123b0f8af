"""Everything that is not /hls/ goes to the door it belongs to: WHIP to an ingest process, the rest to the API."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Final
from uuid import uuid4

import aiohttp
import structlog

from gateways.edge.connection import Connection, Streamed
from gateways.edge.request import Request
from gateways.edge.response import Response, problem, unavailable

HOP_BY_HOP: Final = frozenset(
    [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "expect",
        "host",
        "content-length",
    ]
)
SESSIONS: Final = "/whip/sessions/"
CONNECT_S: Final = 2.0
FIRST_BYTE_S: Final = 30.0
PIECE: Final = 64 * 1024
log = structlog.get_logger(__name__)


class Forward:
    """A reverse proxy with streamed responses; upstreams that are away are answered for with 503."""

    def __init__(self, http: aiohttp.ClientSession, ingest_urls: Sequence[str], api_url: str | None) -> None:
        self._http = http
        self._ingest = tuple(ingest_urls)
        self._api = api_url
        self._turn = itertools.count()

    async def answer(self, request: Request, connection: Connection) -> Response | Streamed:
        """Forward to the first upstream that takes the connection."""
        upstreams = self._upstreams(request)
        if not upstreams:
            return problem(404, "There is nothing here.")
        request_id = request.headers.get("x-request-id") or uuid4().hex
        for url in upstreams:
            try:
                return await self._through(url, request, request_id, connection)
            except aiohttp.ClientConnectorError as error:
                log.warning("upstream away", url=url, request_id=request_id, why=str(error))
            except (TimeoutError, aiohttp.ClientError) as error:
                log.warning("upstream failed", url=url, request_id=request_id, why=repr(error))
                return unavailable("The service behind this address did not answer; try again in a moment.")
        return unavailable("The service behind this address is starting; try again in a moment.")

    async def health(self) -> dict[str, str]:
        """What each upstream says of itself: "ok", or why not."""
        urls = [url for url in (self._api, *self._ingest) if url]
        said = await asyncio.gather(*(self._ready(url) for url in urls))
        names = ["api"] * bool(self._api) + [f"ingest {n}" for n in range(len(self._ingest))]
        return dict(zip(names, said, strict=True))

    async def _ready(self, url: str) -> str:
        try:
            async with self._http.get(f"{url}/health/ready", timeout=aiohttp.ClientTimeout(total=2)) as found:
                return "ok" if found.ok else (await found.text())[:500]
        except (TimeoutError, aiohttp.ClientError):
            return "does not answer"

    def _upstreams(self, request: Request) -> list[str]:
        path = request.target.partition("?")[0]
        if path.startswith(SESSIONS):
            instance = path.removeprefix(SESSIONS).partition("/")[0]
            return [self._ingest[int(instance)]] if instance.isdecimal() and int(instance) < len(self._ingest) else []
        if path.startswith("/whip/"):
            first = next(self._turn) % max(len(self._ingest), 1)
            return [*self._ingest[first:], *self._ingest[:first]]
        return [self._api] if self._api else []

    async def _through(
        self, url: str, request: Request, request_id: str, connection: Connection
    ) -> Response | Streamed:
        timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_S, sock_read=FIRST_BYTE_S)
        async with self._http.request(
            request.method,
            url + request.target,
            headers=_onward(request, request_id),
            data=request.body or None,
            allow_redirects=False,
            timeout=timeout,
        ) as found:
            if found.content_length is None and request.method != "HEAD" and found.status not in (204, 304):
                await self._stream(found, connection)
                return Streamed()
            body = await found.read()
            return Response(
                _head(found, f"Content-Length: {found.content_length or len(body)}\r\n"), body, found.status
            )

    async def _stream(self, found: aiohttp.ClientResponse, connection: Connection) -> None:
        """A response without a length, such as server-sent events, in chunks as it comes."""
        await connection.write(_head(found, "Transfer-Encoding: chunked\r\n"))
        try:
            async for piece in found.content.iter_any():
                await connection.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        except (TimeoutError, aiohttp.ClientError) as error:
            raise ConnectionAbortedError("the upstream ended too early") from error
        await connection.write(b"0\r\n\r\n")


def _onward(request: Request, request_id: str) -> dict[str, str]:
    headers = {name: value for name, value in request.headers.items() if name not in HOP_BY_HOP}
    headers["x-forwarded-for"] = ", ".join(filter(None, (headers.get("x-forwarded-for"), request.peer)))
    headers.setdefault("x-forwarded-proto", "http")
    headers.setdefault("x-forwarded-host", request.headers.get("host", ""))
    headers["x-request-id"] = request_id
    return headers


def _head(found: aiohttp.ClientResponse, framing: str) -> bytes:
    lines = "".join(f"{n}: {v}\r\n" for n, v in found.headers.items() if n.lower() not in HOP_BY_HOP)
    return f"HTTP/1.1 {found.status} {found.reason}\r\n{lines}{framing}\r\n".encode("latin-1")
