"""HTTP/1.1 on a transport: httptools parses, a handler answers, requests of one connection are answered in order.

A handler gives back a response at once (the common case: shared bytes), or something to await. While a request is being
answered reading is paused, so a client can pipeline without filling our memory. Bounds: header and body size, the time
a request may take to arrive, the time a connection may be idle.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, cast

import httptools
import structlog

from gateways.edge.request import Request
from gateways.edge.response import Response, problem

MAX_HEAD: Final = 16 * 1024
MAX_BODY: Final = 1024 * 1024
ARRIVAL_S: Final = 20.0
IDLE_S: Final = 75.0
SWEEP_S: Final = 5.0
PIPELINED: Final = 16
SLOW_WRITE_S: Final = 30.0

log = structlog.get_logger(__name__)


class Streamed:
    """A response that was already written to the connection piece by piece."""


Handler = Callable[[Request, "Connection"], Response | Awaitable[Response | Streamed]]


class Connections:
    """All open connections of a server; closes those that take too long."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.open: set[Connection] = set()
        self.empty = asyncio.Event()
        self.empty.set()

    async def sweep(self) -> None:
        """Run until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_S)
            for connection in list(self.open):
                connection.expire(loop.time())

    def close(self) -> None:
        """Hang up on everybody who is not being answered; the others are closed after their response."""
        for connection in list(self.open):
            connection.finish()


class Connection(asyncio.Protocol):
    """One client."""

    def __init__(self, handler: Handler, connections: Connections) -> None:
        self._handler = handler
        self._all = connections
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._answering: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._closing = False
        self._since = self._loop.time()
        self._begin()

    # --- transport ----------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without being a subclass
        name = transport.get_extra_info("peername")
        self._peer = str(name[0]) if name else ""
        if len(self._all.open) >= self._all.most:
            self._refuse(503, "Too many connections; try again in a moment.", {"Retry-After": "2"})
            return
        self._all.open.add(self)
        self._all.empty.clear()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """The client is gone; nobody waits for its answer."""
        self._all.open.discard(self)
        if not self._all.open:
            self._all.empty.set()
        self._writable.set()
        if self._answering:
            self._answering.cancel()

    def data_received(self, data: bytes) -> None:
        """Feed the parser."""
        if self._closing:
            return
        self._since = self._loop.time()
        if not self._complete_head:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(400, "Upgrades are not offered here.")
        except httptools.HttpParserError:
            if not self._closing:
                self._refuse(400, "This is not HTTP/1.1.")
        if not self._complete_head and self._head_bytes > MAX_HEAD:
            self._refuse(431, f"The request's head is longer than {MAX_HEAD} bytes.")

    def pause_writing(self) -> None:
        """The client reads more slowly than we write."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._writable.set()

    # --- parser -------------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._target = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._head_bytes = 0
        self._complete_head = False

    def on_message_begin(self) -> None:
        """The first line follows."""
        self._begin()

    def on_url(self, url: bytes) -> None:
        """The request's target, perhaps in pieces."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The body may follow."""
        self._complete_head = True
        if self._headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._body_bytes += len(body)
        if self._body_bytes > MAX_BODY:
            self._refuse(413, f"The body is longer than {MAX_BODY} bytes.")
            return
        self._body.append(body)

    def on_message_complete(self) -> None:
        """A whole request is there."""
        if self._closing:
            return
        method = self._parser.get_method().decode("latin-1")
        target = self._target.decode("latin-1")
        request = Request(method, target, self._headers, b"".join(self._body), self._peer)
        self._head_bytes = 0
        if self._answering:
            self._waiting.append((request, self._parser.should_keep_alive()))
            if len(self._waiting) >= PIPELINED:
                self._transport.pause_reading()
        else:
            self._answer(request, keep=self._parser.should_keep_alive())

    # --- answers ------------------------------------------------------------------------------------------------------

    async def write(self, data: bytes) -> None:
        """Write a piece of a streamed response; waits for a slow client. Raises ConnectionError when it is gone."""
        if self._transport.is_closing():
            raise ConnectionResetError("the client has gone")
        self._transport.write(data)
        async with asyncio.timeout(SLOW_WRITE_S):
            await self._writable.wait()

    def finish(self) -> None:
        """Close, once the response that is under way has been written."""
        self._closing = True
        if self._answering is None and not self._transport.is_closing():
            self._transport.close()

    def abort(self) -> None:
        """Close now, whatever is under way."""
        self._transport.abort()

    def expire(self, now: float) -> None:
        """Close what is idle or arrives too slowly."""
        if self._answering is None:
            arriving = self._head_bytes > 0 or self._body_bytes > 0
            if now - self._since > (ARRIVAL_S if arriving else IDLE_S):
                self._transport.close()
        elif not self._writable.is_set() and now - self._since > SLOW_WRITE_S:
            self._transport.abort()

    def _answer(self, request: Request, *, keep: bool) -> None:
        answer = self._handler(request, self)
        if isinstance(answer, Response):
            self._send(request, answer, keep=keep)
        else:
            self._answering = self._loop.create_task(self._answer_later(request, answer, keep=keep))

    async def _answer_later(self, request: Request, answer: Awaitable[Response | Streamed], *, keep: bool) -> None:
        try:
            found = await answer
        except (ConnectionError, TimeoutError):
            self._transport.abort()
            return
        except Exception:  # the HTTP rim: a defect ends here, without its details for the client
            log.exception("failed", target=request.target)
            found = problem(500, "Internal error")
        self._answering = None
        if isinstance(found, Response):
            self._send(request, found, keep=keep)
        elif not keep or self._closing:
            self._transport.close()
        while self._waiting and self._answering is None and not self._transport.is_closing():
            following, keep_following = self._waiting.popleft()
            self._answer(following, keep=keep_following)
        if not self._waiting and not self._transport.is_closing():
            self._transport.resume_reading()

    def _send(self, request: Request, answer: Response, *, keep: bool) -> None:
        if self._transport.is_closing():
            return
        self._since = self._loop.time()
        head = answer.head if keep and not self._closing else answer.head[:-2] + b"Connection: close\r\n\r\n"
        if request.method == "HEAD" or not answer.body:
            self._transport.write(head)
        else:
            self._transport.writelines((head, answer.body))
        if not keep or self._closing:
            self._transport.close()

    def _refuse(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        if self._closing:
            return
        self._closing = True
        answer = problem(status, detail, {"Connection": "close", **(headers or {})})
        self._transport.writelines((answer.head, answer.body))
        self._transport.close()
