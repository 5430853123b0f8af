"""Everything that is not /hls/ goes to the door it belongs to: sources to an ingest process, the rest to the API."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote
from uuid import uuid4

import aiohttp
import msgspec
import structlog
from yarl import URL

from gateways.edge import tunnel
from gateways.edge.connection import Connection, Streamed
from gateways.edge.request import Request
from gateways.edge.response import REQUEST_ID, Response, problem, unavailable
from gateways.http.health import Readiness, Report

HOP_BY_HOP: Final = frozenset(
    [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "expect",
        "host",
        "content-length",
    ]
)
OURS_TO_LEAVE_OUT: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")  # unless the client said them
SESSIONS: Final = "/whip/sessions/"
SOURCES: Final = ("/whip/", "/ingest/")
TUNNELLED: Final = "/ingest/"
CONNECT_S: Final = 2.0
SILENCE_S: Final = 30.0
READY_S: Final = 2.0
LONGEST_ID: Final = 128
WITHOUT_BODY: Final = frozenset({204, 304})
UNAVAILABLE: Final = 503
_NOTHING: Final = "There is nothing at this address."
_MEDIA_ONLY: Final = "Only media is served here; pages, API and recording are at Loom's own address."
log = structlog.get_logger(__name__)


def session() -> aiohttp.ClientSession:
    """The client side: no cookies are kept (they are the callers'), nothing is unpacked."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=OURS_TO_LEAVE_OUT,
    )


class Forward:
    """A reverse proxy with streamed responses; upstreams that are away are answered for with 503."""

    def __init__(self, http: aiohttp.ClientSession, ingest_urls: Sequence[str], api_url: str | None) -> None:
        self._http = http
        self._ingest = tuple(ingest_urls)
        self._api = api_url
        self._turn = itertools.count()

    async def answer(self, request: Request, connection: Connection) -> Response | Streamed:
        """Forward to the first upstream that takes the connection, or that has room for another WHIP session."""
        upstreams = self._upstreams(request)
        if not upstreams:
            return problem(404, _NOTHING if self._api else _MEDIA_ONLY)
        request_id = _request_id(request)
        refusal = unavailable("The service behind this address is starting; try again in a moment.")
        for url in upstreams:
            try:
                found = await self._through(url, request, request_id, connection)
            except (aiohttp.ClientConnectorError, ConnectionRefusedError) as error:
                log.warning("upstream away", url=url, request_id=request_id, why=str(error))
            except (TimeoutError, aiohttp.ClientError, tunnel.NoAnswer) as error:
                log.warning("upstream failed", url=url, request_id=request_id, why=repr(error))
                refusal = unavailable("The service behind this address did not answer; try again in a moment.")
                break
            else:
                if isinstance(found, Streamed) or found.status != UNAVAILABLE:
                    return found
                refusal = found
        return refusal if refusal.has_request_id else refusal.with_field(REQUEST_ID, request_id.encode())

    async def health(self) -> dict[str, Report]:
        """What each upstream says of itself."""
        urls = [url for url in (self._api, *self._ingest) if url]
        said = await asyncio.gather(*(self._ready(url) for url in urls))
        names = ["api"] * bool(self._api) + [f"ingest {n}" for n in range(len(self._ingest))]
        return dict(zip(names, said, strict=True))

    async def _ready(self, url: str) -> Report:
        try:
            async with self._http.get(f"{url}/health/ready", timeout=aiohttp.ClientTimeout(total=READY_S)) as found:
                text = await found.text()
        except (TimeoutError, aiohttp.ClientError):
            return Report("does not answer")
        if not found.ok:
            return Report(text[:500])
        try:
            said = msgspec.json.decode(text, type=Readiness)
        except msgspec.DecodeError:
            return Report()  # whoever it is, it is ready
        return Report(said.status, tuple(said.away))

    def _upstreams(self, request: Request) -> list[str]:
        path = request.target.partition("?")[0]
        if path.startswith(SESSIONS):
            instance = path.removeprefix(SESSIONS).partition("/")[0]
            known = instance.isdecimal() and instance.isascii() and int(instance) < len(self._ingest)
            return [self._ingest[int(instance)]] if known else []
        if path.startswith(SOURCES):
            first = next(self._turn) % max(len(self._ingest), 1)
            return [*self._ingest[first:], *self._ingest[:first]]
        return [self._api] if self._api else []

    async def _through(
        self, url: str, request: Request, request_id: str, connection: Connection
    ) -> Response | Streamed:
        if tunnel.is_upgrade(request) and request.target.startswith(TUNNELLED):
            to, headers = URL(url), _onward(request, request_id)
            return await tunnel.through(to.host or "", to.port or 80, request, headers, connection)
        async with self._http.request(
            request.method,
            URL(url + _plain(request.target), encoded=True),
            headers=_onward(request, request_id) | _length(request),
            data=request.arriving or request.body or None,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(sock_connect=CONNECT_S, sock_read=SILENCE_S),
        ) as found:
            if found.status in WITHOUT_BODY:
                return Response(_head(found, ""), b"", found.status)
            if found.content_length is None and request.method != "HEAD":
                await self._stream(found, connection)
                return Streamed()
            body = await found.read()
            length = f"Content-Length: {len(body) if found.content_length is None else found.content_length}\r\n"
            return Response(_head(found, length), body, found.status)

    async def _stream(self, found: aiohttp.ClientResponse, connection: Connection) -> None:
        """A response without a length, such as server-sent events, in chunks as it comes."""
        await connection.write(_head(found, "Transfer-Encoding: chunked\r\n"))
        try:
            async for piece in found.content.iter_any():
                await connection.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        except (TimeoutError, aiohttp.ClientError) as error:
            raise ConnectionAbortedError("the upstream ended too early") from error
        await connection.write(b"0\r\n\r\n")


def _request_id(request: Request) -> str:
    given = request.headers.get("x-request-id", "")
    return given if 0 < len(given) <= LONGEST_ID and given.isascii() and given.isprintable() else uuid4().hex


def _plain(target: str) -> str:
    """A target without what may not stand in one; what is encoded already stays as it is."""
    return quote(target, safe="/?#[]@!$&'()*+,;=:%-._~", encoding="latin-1").replace("#", "%23")


def _onward(request: Request, request_id: str) -> dict[str, str]:
    named = {word.strip().lower() for word in request.headers.get("connection", "").split(",")}
    headers = {n: value for n, value in request.headers.items() if n not in HOP_BY_HOP and n not in named}
    headers["x-forwarded-for"] = ", ".join(filter(None, (headers.get("x-forwarded-for"), request.peer)))
    headers.setdefault("x-forwarded-proto", "http")
    headers.setdefault("x-forwarded-host", request.headers.get("host", ""))
    headers["x-request-id"] = request_id
    return headers


def _length(request: Request) -> dict[str, str]:
    """What a body that is still arriving promises to be."""
    length = request.field(b"content-length").decode("latin-1")
    return {"content-length": length} if request.arriving and length else {}


def _head(found: aiohttp.ClientResponse, framing: str) -> bytes:
    lines = "".join(f"{n}: {v}\r\n" for n, v in found.headers.items() if n.lower() not in HOP_BY_HOP)
    return f"HTTP/1.1 {found.status} {found.reason}\r\n{lines}{framing}\r\n".encode("latin-1", "replace")
