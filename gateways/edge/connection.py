"""HTTP/1.1 on a transport: httptools parses, a handler answers, requests of one connection are answered in order.

A handler gives back a response at once (the common case: shared bytes), a future that others may wait for as well, or
something to await. While a client does not read, nothing more is read from it, so pipelining cannot fill our memory.
Bounds: size of head and body, requests that wait, the time a request may take to arrive, a client to read, or to idle.
The body of a piece of a file has no bound, but is handed on as it comes (`arriving.py`).
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, cast
from uuid import uuid4

import httptools
import structlog

from gateways.edge.arriving import Arriving, is_long
from gateways.edge.connections import Connections
from gateways.edge.request import Request
from gateways.edge.response import BAD, REQUEST_ID, Response, problem

MAX_HEAD: Final = 16 * 1024
MAX_BODY: Final = 1024 * 1024
ARRIVAL_S: Final = 20.0
IDLE_S: Final = 75.0
SLOW_READER_S: Final = 30.0
LINGER_S: Final = 2.0
PIPELINED: Final = 16
MOST_PIPELINED: Final = 256
MOST_UNREAD: Final = 64 * 1024  # after an upgrade
DEFECT: Final = 500

log = structlog.get_logger(__name__)


class Streamed:
    """A response that was already written to the connection piece by piece."""


Answer = Response | Awaitable[Response | Streamed]
Handler = Callable[[Request, "Connection"], Answer]


class Connection(asyncio.Protocol):
    """One client. Owned by the event loop."""

    def __init__(self, handler: Handler, connections: Connections) -> None:
        self._handler = handler
        self._all = connections
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._answering: asyncio.Future[Response | Streamed] | None = None
        self._asked: tuple[Request, bool] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._is_streaming = self._is_heard_out = self._closing = False
        self._since = self._loop.time()  # it has been idle, or has not read anything
        self._unread = 0
        self._switched: asyncio.StreamReader | None = None
        self._arriving: Arriving | None = None
        self._begin()
        self._began: float | None = None

    # --- transport ----------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without being a subclass
        name = transport.get_extra_info("peername")
        self._peer = str(name[0]) if name else ""
        if not self._all.admit(self):
            self._refuse(503, "Too many connections; try again in a moment.", {"Retry-After": "2"})

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """The client is gone; nobody waits for its answer."""
        self._all.leave(self)
        if self._switched:
            self._switched.feed_eof()
        self._closing = True
        self._writable.set()
        answering, self._answering = self._answering, None
        if isinstance(answering, asyncio.Task):
            answering.cancel()
        elif answering:
            answering.remove_done_callback(self._answered)  # others wait for it too

    def data_received(self, data: bytes) -> None:
        """Feed the parser."""
        if self._closing:
            return
        if self._switched:
            self._switched.feed_data(data)
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._switch(data[upgrade.args[0] :])
            return
        except httptools.HttpParserCallbackError:
            log.exception("failed")
            self._refuse(DEFECT, "Internal error")
        except httptools.HttpParserError:
            self._refuse(400, "This is not HTTP/1.1.")
        if not self._is_head_complete:
            self._head_bytes += len(data)
            self._bound_head()

    def eof_received(self) -> bool:
        """The client says no more; what it asked is still answered, but a stream, whose listener has left."""
        self._is_heard_out = True
        if self._arriving:
            self.abort()  # it has promised more
        if self._switched:
            self._switched.feed_eof()
        return not self._is_streaming and (self._answering is not None or bool(self._waiting))

    def pause_writing(self) -> None:
        """The client reads more slowly than we write."""
        self._writable.clear()
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._writable.set()
        self._next()

    # --- parser -------------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._target = b""
        self._fields: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._body_bytes = self._head_bytes = 0
        self._is_head_complete = False

    def on_message_begin(self) -> None:
        """The first line follows."""
        self._begin()
        self._began = self._loop.time()

    def on_url(self, url: bytes) -> None:
        """The request's target, perhaps in pieces."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field."""
        self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        """The body may follow."""
        self._is_head_complete = True
        self._head_bytes = len(self._target) + sum(len(name) + len(value) + 4 for name, value in self._fields)
        self._bound_head()
        hands_on = self._hands_on()
        for name, value in self._fields:
            lower = name.lower()
            if lower == b"content-length" and int(value) > MAX_BODY and not hands_on:
                self._refuse(413, f"The body is longer than {MAX_BODY} bytes.")
            elif lower == b"expect" and value.lower() == b"100-continue" and not (self._answering or self._closing):
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if hands_on and not self._closing:
            self._arriving = Arriving(self._transport)
            self._take(b"", self._arriving.pieces())

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if self._arriving:
            self._began = self._loop.time()  # it goes on
            self._arriving.feed(body)
            return
        self._body_bytes += len(body)
        if self._body_bytes > MAX_BODY:
            self._refuse(413, f"The body is longer than {MAX_BODY} bytes.")
        elif not self._closing:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """A whole request is there."""
        self._began = None
        if self._arriving:
            self._arriving.end()
            self._arriving = None
        elif not self._closing:
            self._take(b"".join(self._body))

    def _hands_on(self) -> bool:
        """Whether the body is handed on as it comes; one that has to wait its turn is not."""
        is_free = self._answering is None and not self._waiting and self._writable.is_set()
        return is_free and is_long(self._parser.get_method().decode("latin-1"), self._fields)

    def _take(self, body: bytes, arriving: AsyncIterator[bytes] | None = None) -> None:
        """A request is there, or its body is about to come."""
        method = self._parser.get_method().decode("latin-1")
        target = _origin_form(self._target)
        if target is None or method == "CONNECT":
            self._refuse(400, "Only a path on this server can be asked for.")
            return
        request = Request(method, target, self._fields, body, self._peer, arriving)
        keep = self._parser.should_keep_alive() and not self._parser.should_upgrade()
        if self._answering is None and self._writable.is_set():
            self._answer(request, keep=keep)
            return
        self._waiting.append((request, keep))
        if len(self._waiting) >= PIPELINED:
            self._transport.pause_reading()
        if len(self._waiting) > MOST_PIPELINED:
            self.abort()

    def _bound_head(self) -> None:
        if self._head_bytes > MAX_HEAD:
            self._refuse(431, f"The request's head is longer than {MAX_HEAD} bytes.")

    def _switch(self, data: bytes) -> None:
        """An upgrade was asked for: what follows is no HTTP, whether it is granted or the connection is closed."""
        self._switched = asyncio.StreamReader(limit=MOST_UNREAD)
        self._switched.set_transport(self._transport)
        self._switched.feed_data(data)

    # --- answers ------------------------------------------------------------------------------------------------------

    async def write(self, data: bytes | memoryview) -> None:
        """Write a piece of a streamed response; waits for a slow client. Raises ConnectionError when it is gone."""
        if self._transport.is_closing():
            raise ConnectionResetError("the client has gone")
        self._is_streaming = True
        self._transport.write(data)
        if not self._writable.is_set():
            async with asyncio.timeout(SLOW_READER_S):
                await self._writable.wait()

    def switch(self) -> asyncio.StreamReader:
        """The client and whoever answers have left HTTP: what the client says from now on."""
        self._is_streaming = True
        assert self._switched, "the client did not ask for that"
        return self._switched

    @property
    def is_answering(self) -> bool:
        """Whether somebody waits for an answer."""
        return self._answering is not None

    def finish(self) -> None:
        """Close, once the response that is under way has been written; a stream has no end to wait for."""
        self._closing = True
        if self._is_streaming:
            self.abort()
        elif self._answering is None:
            self._transport.close()

    def abort(self) -> None:
        """Close now, whatever is under way."""
        self._closing = True
        self._transport.abort()

    def expire(self, now: float) -> None:
        """Close what is idle, arrives too slowly or does not read."""
        unread = self._transport.get_write_buffer_size()
        if unread:
            if unread != self._unread:
                self._unread, self._since = unread, now
            elif now - self._since > SLOW_READER_S:
                self.abort()
        elif self._arriving and self._began is not None and now - self._began > ARRIVAL_S:
            self.abort()  # somebody has got half of it
        elif self._began is not None and now - self._began > ARRIVAL_S:
            self._refuse(408, f"The request did not arrive within {ARRIVAL_S:g} s.")
        elif self._answering is None and self._began is None and now - self._since > IDLE_S:
            self._transport.close()

    def _answer(self, request: Request, *, keep: bool) -> None:
        answer = self._handler(request, self)
        if isinstance(answer, Response):
            self._send(request, answer, keep=keep)
            return
        self._asked = request, keep
        self._answering = asyncio.ensure_future(answer)
        self._answering.add_done_callback(self._answered)

    def _answered(self, done: asyncio.Future[Response | Streamed]) -> None:
        if self._answering is not done or self._asked is None:
            return
        request, keep = self._asked
        self._answering = self._asked = None
        self._since = self._loop.time()
        error = asyncio.CancelledError() if done.cancelled() else done.exception()
        if isinstance(error, ConnectionError | TimeoutError | asyncio.CancelledError):
            self.abort()
            return
        if error is None:
            found = done.result()
        else:  # the HTTP rim: a defect ends here, without its details for the client
            log.error("failed", target=request.target, exc_info=error)
            found = problem(DEFECT, "Internal error")
        if isinstance(found, Response):
            self._send(request, found, keep=keep)
        elif not keep or self._closing:
            self._transport.close()
        self._is_streaming = False
        self._next()

    def _next(self) -> None:
        """What waits behind the answer that was just given."""
        while self._waiting and self._answering is None and self._writable.is_set() and not self._closing:
            request, keep = self._waiting.popleft()
            self._answer(request, keep=keep)
        if self._is_heard_out and self._answering is None and not self._waiting:
            self._transport.close()
        elif len(self._waiting) < PIPELINED and self._writable.is_set() and not self._transport.is_closing():
            self._transport.resume_reading()

    def _send(self, request: Request, answer: Response, *, keep: bool) -> None:
        if self._transport.is_closing():
            return
        self._since = self._loop.time()
        if answer.status >= BAD:
            answer = _identified(answer, request)
        if self._arriving:
            self._answer_early(answer)
            return
        closes = not keep or self._closing
        head = b"%bConnection: close\r\n\r\n" % answer.head[:-2] if closes else answer.head
        if request.method == "HEAD" or not answer.body:
            self._transport.write(head)
        else:
            self._transport.writelines((head, answer.body))
        if closes:
            self._closing = True
            self._transport.close()

    def _answer_early(self, answer: Response) -> None:
        """The client is still sending; it may finish what it is saying, or it would not hear."""
        self._arriving, self._closing = None, True
        self._transport.writelines((b"%bConnection: close\r\n\r\n" % answer.head[:-2], answer.body))
        self._linger()

    def _linger(self) -> None:
        self._transport.resume_reading()
        self._transport.write_eof()
        self._loop.call_later(LINGER_S, self._transport.abort)

    def _refuse(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        """Say why, and hang up; the client may first finish what it is saying, or it would not hear."""
        if self._closing or self._transport.is_closing():
            return
        self._closing = True
        if self._answering:
            return  # closed behind that answer
        answer = _identified(problem(status, detail, {"Connection": "close", **(headers or {})}), None)
        self._transport.writelines((answer.head, answer.body))
        self._linger()


def _identified(answer: Response, request: Request | None) -> Response:
    """A refusal by a name that stands in the log as well."""
    if answer.has_request_id:
        return answer
    given = request.field(REQUEST_ID.lower()) if request else b""
    request_id = given if given.isalnum() else uuid4().hex.encode()
    said = log.warning if answer.status >= DEFECT else log.debug
    said("refused", status=answer.status, target=request.target if request else "", request_id=request_id.decode())
    return answer.with_field(REQUEST_ID, request_id)


def _origin_form(target: bytes) -> str | None:
    """The target as a path, also when it came as a URL (RFC 9112, 3.2.2); None for anything else."""
    text = target.decode("latin-1")
    if text.lower().startswith(("http://", "https://")):
        _, slash, rest = text.partition("//")[2].partition("/")
        text = slash + rest or "/"
    return text if text.startswith("/") else None
