"""A connection that is no longer HTTP: the upgrade is asked for onward, and then bytes go both ways as they come.

Who does not read is not read from: each side's buffer is bounded, so the other side feels it.
"""

import asyncio
from contextlib import suppress
from typing import Final

import httptools

from gateways.edge.connection import Connection, Streamed
from gateways.edge.request import Request
from gateways.edge.response import Response

CONNECT_S: Final = 2.0
ANSWER_S: Final = 10.0
PIECE: Final = 64 * 1024
MOST_BODY: Final = 64 * 1024
SWITCHING: Final = 101


class NoAnswer(Exception):
    """The upstream was reached and did not answer as it should."""


def is_upgrade(request: Request) -> bool:
    """Whether the client asks for a WebSocket."""
    return request.field(b"upgrade").lower() == b"websocket"


async def through(
    host: str, port: int, request: Request, headers: dict[str, str], connection: Connection
) -> Response | Streamed:
    """Pass everything on until one side ends; a refusal of the upgrade is an ordinary response.

    Raises OSError or TimeoutError when the upstream does not take the connection, NoAnswer when it does no more.
    """
    async with asyncio.timeout(CONNECT_S):
        reader, writer = await asyncio.open_connection(host, port, limit=PIECE)
    try:
        writer.write(_asked(request, headers, f"{host}:{port}"))
        try:
            async with asyncio.timeout(ANSWER_S):
                head = await reader.readuntil(b"\r\n\r\n")
                answer = _Answer(head)
                if answer.status != SWITCHING:
                    return answer.response(await reader.readexactly(min(answer.length, MOST_BODY)))
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise NoAnswer(repr(error)) from error
        incoming = connection.switch()
        await connection.write(head)
        await _both_ways(connection, incoming, reader, writer)
        return Streamed()
    finally:
        writer.close()


async def _both_ways(
    connection: Connection, incoming: asyncio.StreamReader, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Until one side has nothing more to say."""

    async def onward() -> None:
        while data := await incoming.read(PIECE):
            writer.write(data)
            await writer.drain()

    async def back() -> None:
        while data := await reader.read(PIECE):
            await connection.write(data)

    tasks = [asyncio.ensure_future(onward()), asyncio.ensure_future(back())]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            with suppress(OSError, TimeoutError):
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _asked(request: Request, headers: dict[str, str], host: str) -> bytes:
    said = {**headers, "host": host, "connection": "Upgrade", "upgrade": "websocket"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    return f"{request.method} {request.target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1", "replace")


class _Answer:
    """The head of the upstream's answer. Raises NoAnswer for what is none."""

    def __init__(self, head: bytes) -> None:
        self._fields: list[tuple[bytes, bytes]] = []
        parser = httptools.HttpResponseParser(self)
        try:
            parser.feed_data(head)
        except httptools.HttpParserUpgrade:
            pass
        except httptools.HttpParserError as error:
            raise NoAnswer(str(error)) from error
        self.status = int(parser.get_status_code())
        self._line = head.partition(b"\r\n")[0]

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head."""
        self._fields.append((name, value))

    @property
    def length(self) -> int:
        """Of the body that follows."""
        return next((int(value) for name, value in self._fields if name.lower() == b"content-length"), 0)

    def response(self, body: bytes) -> Response:
        """For a client whose connection ends with it."""
        kept = [(name, value) for name, value in self._fields if name.lower() not in (b"connection", b"content-length")]
        lines = b"".join(b"%b: %b\r\n" % field for field in kept)
        return Response(b"%b\r\n%bContent-Length: %d\r\n\r\n" % (self._line, lines, len(body)), body, self.status)
