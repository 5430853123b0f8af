"""After an upgrade bytes go both ways as they come, no faster than they are read, until one side leaves."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from nats.aio.client import Client
from obstore.store import LocalStore

from gateways.edge import server
from tests.servers import free_port

SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
ASKED = b"GET /ingest/%b HTTP/1.1\r\nHost: loom\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Mine: 1\r\n\r\n"
MOST_IN_FLIGHT = 24 << 20
"""Of kernel and edge together, on the way to somebody who does not read."""

Serve = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def upstream(serve: Serve) -> AsyncIterator[str]:
    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await serve(await reader.readuntil(b"\r\n\r\n"), reader, writer)
        writer.close()

    listening = await asyncio.start_server(met, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()


@asynccontextmanager
async def edge(nats: Client, folder: Path, *urls: str) -> AsyncIterator[Streams]:
    """A connection to an edge in front of these."""
    store = LocalStore(str(folder / "objects"), mkdir=True)
    running = server.running(nats, store, listen=("127.0.0.1", 0), ingest_urls=urls)
    async with running as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield reader, writer
        finally:
            writer.close()


async def test_bytes_go_both_ways_as_they_are_also_those_that_came_with_the_request(
    nats_client: Client, tmp_path: Path
) -> None:
    heads: list[bytes] = []

    async def echo(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        writer.write(SWITCHED)
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()

    said = os.urandom(3 << 20)
    async with upstream(echo) as url, edge(nats_client, tmp_path, url) as (reader, writer):
        writer.write(ASKED % b"a" + said[:100])
        assert await reader.readuntil(b"\r\n\r\n") == SWITCHED

        async def speak() -> None:
            for at in range(100, len(said), 100_000):
                writer.write(said[at : at + 100_000])
                await writer.drain()

        speaking = asyncio.create_task(speak())
        assert await reader.readexactly(len(said)) == said
        await speaking
    asked = heads[0].lower()
    assert b"connection: upgrade\r\n" in asked
    assert b"x-mine: 1\r\n" in asked
    assert b"x-forwarded-for: 127.0.0.1\r\n" in asked


async def test_who_does_not_read_is_not_written_to(nats_client: Client, tmp_path: Path) -> None:
    async def deaf(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(SWITCHED)
        await asyncio.sleep(5)

    async with upstream(deaf) as url, edge(nats_client, tmp_path, url) as (reader, writer):
        writer.write(ASKED % b"a")
        await reader.readuntil(b"\r\n\r\n")
        sent = 0
        with suppress(TimeoutError):
            while sent < 2 * MOST_IN_FLIGHT:
                writer.write(bytes(1 << 18))
                async with asyncio.timeout(1):
                    await writer.drain()
                sent += 1 << 18
        assert sent < MOST_IN_FLIGHT


async def test_when_one_side_leaves_the_other_is_told(nats_client: Client, tmp_path: Path) -> None:
    left = asyncio.Event()

    async def brief(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(SWITCHED + b"bye")
        if b"/ingest/long" in head:
            assert await reader.read() == b""
            left.set()

    async with upstream(brief) as url:
        async with edge(nats_client, tmp_path, url) as (reader, writer):
            writer.write(ASKED % b"short")
            assert await reader.read() == SWITCHED + b"bye"
        async with edge(nats_client, tmp_path, url) as (reader, writer):
            writer.write(ASKED % b"long")
            await reader.readuntil(b"bye")
            writer.close()
            await asyncio.wait_for(left.wait(), 5)


async def test_a_refusal_is_passed_on_and_nothing_after_it(nats_client: Client, tmp_path: Path) -> None:
    """Whoever is refused cannot go on speaking to the door behind the edge."""
    heard: list[bytes] = []

    async def refuse(_: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\nWWW-Authenticate: Bearer\r\n\r\nno!\n")
        heard.append(await reader.read())

    async with upstream(refuse) as url, edge(nats_client, tmp_path, url) as (reader, writer):
        writer.write(ASKED % b"a" + b"GET /whip/secret HTTP/1.1\r\n\r\n")
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert answer.endswith(b"no!\n")
        assert b"WWW-Authenticate: Bearer" in answer
    assert heard == [b""]


async def test_a_door_that_is_full_or_away_leads_to_the_next(nats_client: Client, tmp_path: Path) -> None:
    async def full(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n")

    async def open_(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(SWITCHED + b"hello")

    away = f"http://127.0.0.1:{free_port()}"
    async with upstream(full) as first, upstream(open_) as second:
        async with edge(nats_client, tmp_path, away, first, second) as (reader, writer):
            writer.write(ASKED % b"a")
            assert await reader.read() == SWITCHED + b"hello"
        async with edge(nats_client, tmp_path, away, first) as (reader, writer):
            writer.write(ASKED % b"a")
            answer = await reader.read()
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"Retry-After: 2" in answer


@pytest.mark.parametrize("answer", [b"what?\r\n\r\n", b"", b"HTTP/1.1 101 x\r\n" + b"a" * 200_000])
async def test_who_answers_nonsense_is_taken_for_away(nats_client: Client, tmp_path: Path, answer: bytes) -> None:
    async def nonsense(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    async with upstream(nonsense) as url, edge(nats_client, tmp_path, url) as (reader, writer):
        writer.write(ASKED % b"a")
        assert (await reader.read()).startswith(b"HTTP/1.1 503 ")
