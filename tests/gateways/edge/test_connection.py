"""HTTP/1.1 as any client may speak it, well or badly, over a real socket."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateways.edge import connection
from gateways.edge.connection import Connection
from gateways.edge.connections import Connections
from gateways.edge.request import Request
from gateways.edge.response import Response, response

LARGE = b"x" * 3_000_000


class Server:
    """Answers /now at once, /soon when told so, /large with much, /body with what was sent, /defect with a defect."""

    def __init__(self) -> None:
        self.connections = Connections(most=5)
        self.soon = asyncio.Event()
        self.port = 0
        self.answered: list[str] = []

    def __call__(self, request: Request, _: Connection) -> Response | asyncio.Task[Response]:
        self.answered.append(request.target)
        if request.path == "/defect":
            raise RuntimeError("a secret of ours")
        if request.path in ("/soon", "/late-defect"):
            return asyncio.ensure_future(self._soon(request))
        body = {"/large": LARGE, "/body": request.body}.get(request.path, request.target.encode())
        return response(200, body, {"X-Method": request.method})

    async def _soon(self, request: Request) -> Response:
        await self.soon.wait()
        if request.path == "/late-defect":
            raise RuntimeError("a secret of ours")
        return response(200, request.target.encode(), {})


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    found = Server()
    listening = await asyncio.get_running_loop().create_server(
        lambda: Connection(found, found.connections), "127.0.0.1", 0
    )
    found.port = listening.sockets[0].getsockname()[1]
    sweeping = asyncio.create_task(found.connections.sweep())
    yield found
    sweeping.cancel()
    listening.close()
    found.connections.abort()


@asynccontextmanager
async def client(server: Server) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1 << 23)
    try:
        async with asyncio.timeout(10):
            yield reader, writer
    finally:
        writer.close()


async def answer(reader: asyncio.StreamReader, *, head: bool = False) -> tuple[int, bytes, bytes]:
    said = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", said, re.IGNORECASE)
    body = await reader.readexactly(int(length[1])) if length and not head else b""
    return int(said.split()[1]), body, said


def ask(path: str, method: str = "GET", *fields: str, body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *fields, *([f"Content-Length: {len(body)}"] if body else [])]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def test_requests_of_one_connection_are_answered_in_order(server: Server) -> None:
    async with client(server) as (reader, writer):
        writer.write(ask("/now?1") + ask("/soon?2") + ask("/body", "POST", body=b"3") + ask("/soon?4") + ask("/now?5"))
        assert (await answer(reader))[1] == b"/now?1"
        server.soon.set()
        assert [(await answer(reader))[1] for _ in range(4)] == [b"/soon?2", b"3", b"/soon?4", b"/now?5"]


async def test_a_request_may_come_byte_by_byte(server: Server) -> None:
    async with client(server) as (reader, writer):
        for byte in ask("/body", "POST", "X-Y: z", body=b"hello"):
            writer.write(bytes([byte]))
            await writer.drain()
        assert (await answer(reader))[:2] == (200, b"hello")


async def test_a_thousand_pipelined_requests_do_not_fill_memory(server: Server) -> None:
    async with client(server) as (reader, writer):
        writer.write(ask("/large") * 200)
        assert (await answer(reader))[1] == LARGE
        assert len(server.answered) < 100  # nobody reads them yet
        for _ in range(20):
            assert (await answer(reader))[1] == LARGE


async def test_head_keep_alive_and_close(server: Server) -> None:
    async with client(server) as (reader, writer):
        writer.write(ask("/now", "HEAD") + ask("/now", "GET", "Connection: close") + ask("/never"))
        assert (await answer(reader, head=True))[0] == 200
        status, _, said = await answer(reader)
        assert (status, b"Connection: close" in said) == (200, True)
        assert await reader.read() == b""
        assert "/never" not in server.answered


async def test_a_client_that_expects_a_word_gets_it(server: Server) -> None:
    async with client(server) as (reader, writer):
        writer.write(ask("/body", "POST", "Expect: 100-continue", "Content-Length: 5"))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
        writer.write(b"hello")
        assert (await answer(reader))[1] == b"hello"


async def test_a_chunked_body_is_taken(server: Server) -> None:
    async with client(server) as (reader, writer):
        writer.write(ask("/body", "POST", "Transfer-Encoding: chunked") + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        assert (await answer(reader))[1] == b"abcde"


async def test_a_url_is_asked_for_like_its_path(server: Server) -> None:
    async with client(server) as (reader, writer):
        writer.write(ask("http://elsewhere.example/now?1") + ask("http://elsewhere.example"))
        assert (await answer(reader))[1] == b"/now?1"
        assert (await answer(reader))[1] == b"/"


async def test_a_client_that_said_all_is_still_answered(server: Server) -> None:
    async with client(server) as (reader, writer):
        writer.write(ask("/soon") + ask("/now"))
        writer.write_eof()
        await asyncio.wait([asyncio.create_task(server.soon.wait())], timeout=0.1)
        server.soon.set()
        assert (await answer(reader))[1] == b"/soon"
        assert (await answer(reader))[1] == b"/now"
        assert await reader.read() == b""


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"this is not HTTP\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01", 400),  # TLS
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"GET @evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (ask("/" + "a" * 20_000), 431),
        (ask("/now", "GET", "X: " + "a" * 20_000), 431),
        (ask("/now", "GET", *(f"X-{n}: y" for n in range(3_000))), 431),
        (b"GET /now HTTP/1.1\r\nX: " + b"a" * 100_000, 431),
        (ask("/body", "POST", "Content-Length: 2000000"), 413),
        (ask("/body", "POST", "Transfer-Encoding: chunked") + b"200000\r\n" + b"a" * 0x200000, 413),
        (ask("/body", "POST", "Content-Length: 1", "Content-Length: 2"), 400),
        (ask("/body", "POST", "Content-Length: 5", "Transfer-Encoding: chunked"), 400),
        (ask("/now", "GET", "X: a\x00b"), 400),
        (ask("/defect"), 500),
    ],
)
async def test_what_cannot_be_meant_gets_its_status_and_an_end(server: Server, said: bytes, status: int) -> None:
    async with client(server) as (reader, writer):
        writer.write(said)
        found, body, head = await answer(reader)
        assert found == status
        assert b"problem+json" in head and b"X-Request-Id: " in head
        assert b"detail" in body and b"secret" not in body
        assert await reader.read() == b""
    async with client(server) as (reader, writer):
        writer.write(ask("/now"))
        assert (await answer(reader))[0] == 200


async def test_a_late_defect_is_told_without_its_details_and_the_connection_goes_on(server: Server) -> None:
    server.soon.set()
    async with client(server) as (reader, writer):
        writer.write(ask("/late-defect") + ask("/now"))
        status, body, _ = await answer(reader)
        assert (status, b"secret" in body) == (500, False)
        assert (await answer(reader))[0] == 200


async def test_an_upgrade_is_not_taken_up(server: Server) -> None:
    async with client(server) as (reader, writer):
        writer.write(ask("/now", "GET", "Connection: Upgrade", "Upgrade: h2c"))
        assert (await answer(reader))[:2] == (200, b"/now")
        assert await reader.read() == b""


async def test_connections_are_bounded_and_those_there_untouched(server: Server) -> None:
    async with client(server) as (reader, writer):
        others = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(4)]
        async with client(server) as (refused, _):
            status, _, head = await answer(refused)
            assert (status, b"Retry-After" in head) == (503, True)
        writer.write(ask("/now"))
        assert (await answer(reader))[0] == 200
        others[0][1].close()
        async with asyncio.timeout(3):
            while len(server.connections) == 5:  # noqa: ASYNC110  the kernel tells
                await asyncio.sleep(0.01)
        async with client(server) as (again, asking):
            asking.write(ask("/now"))
            assert (await answer(again))[0] == 200
        for _, open_one in others:
            open_one.close()


@pytest.mark.parametrize(
    ("said", "constant", "status"),
    [
        (b"GET /now HT", "ARRIVAL_S", 408),
        (ask("/body", "POST", "Content-Length: 9") + b"slow", "ARRIVAL_S", 408),
        (b"", "IDLE_S", 0),
    ],
)
async def test_a_client_that_takes_too_long_is_hung_up_on(
    server: Server, monkeypatch: pytest.MonkeyPatch, said: bytes, constant: str, status: int
) -> None:
    monkeypatch.setattr(connection, constant, 0.3)
    async with client(server) as (reader, writer):
        writer.write(said)
        if status:
            assert (await answer(reader))[0] == status
        assert await reader.read() == b""


async def test_one_byte_now_and_then_is_too_slow_as_well(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "ARRIVAL_S", 0.5)
    async with client(server) as (reader, writer):
        reading = asyncio.create_task(answer(reader))
        for byte in ask("/now", "GET", "X: " + "slow" * 100):
            writer.write(bytes([byte]))
            if (await asyncio.wait([reading], timeout=0.05))[0]:
                break
        assert (await reading)[0] == 408


async def test_a_client_that_does_not_read_is_hung_up_on(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "SLOW_READER_S", 0.5)
    async with client(server) as (_, writer):
        writer.write(ask("/large") * 10)
        async with asyncio.timeout(8):
            await server.connections.empty.wait() if len(server.connections) else None
            while not server.answered or len(server.connections):  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def test_at_the_end_who_is_being_answered_is_answered(server: Server) -> None:
    async with client(server) as (reader, writer), client(server) as (idle, _):
        writer.write(ask("/soon"))
        while not server.answered:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        server.connections.finish()
        assert await idle.read() == b""
        server.soon.set()
        status, _, head = await answer(reader)
        assert (status, b"Connection: close" in head) == (200, True)
        await server.connections.empty.wait()
