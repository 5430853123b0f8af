"""What is not /hls/ reaches the door it belongs to, as it was said; a door that is away gets an answer all the same."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from nats.aio.client import Client
from obstore.store import LocalStore
from yarl import URL

from gateways.edge import server
from tests.servers import free_port


class Door:
    """An upstream that keeps what it was asked."""

    def __init__(self, name: str) -> None:
        self.name, self.url = name, ""
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.status = 200
        self.first_event_read = asyncio.Event()
        self.left = asyncio.Event()
        self.on_body = lambda: None
        self.broken = asyncio.Event()

    async def _body(self, request: web.Request) -> bytes:
        """As it comes, unless nobody wants it."""
        data = b""
        try:
            while not request.path.endswith("/nobody") and (piece := await request.content.readany()):
                data += piece
                self.on_body()
        except (ConnectionError, asyncio.CancelledError):
            self.broken.set()
            raise
        return data

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(
            (
                request.method,
                request.raw_path,
                {name.title(): value for name, value in request.headers.items()},
                await self._body(request),
            )
        )
        if request.path.endswith("/events"):
            return await self._events(request)
        headers = {"X-Door": self.name, "Set-Cookie": f"door={self.name}", "Link": "<x>; rel=y"}
        if self.status == 503:
            headers["Retry-After"] = "7"
        body = f"{self.name} says hello".encode() if self.status not in (204, 304) else None
        return web.Response(status=self.status, body=body, headers=headers)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: one\n\n")
        try:
            await self.first_event_read.wait()
            while True:
                await response.write(b"data: more\n\n")
                await asyncio.wait([asyncio.create_task(self.left.wait())], timeout=0.05)
        finally:
            self.left.set()


@asynccontextmanager
async def door(name: str) -> AsyncIterator[Door]:
    found = Door(name)
    application = web.Application()
    application.router.add_route("*", "/{any:.*}", found.answer)
    runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    found.url = f"http://127.0.0.1:{port}"
    try:
        yield found
    finally:
        await runner.cleanup()


class House:
    """An edge with two ingest doors and the API behind it."""

    def __init__(self, url: str, http: aiohttp.ClientSession, doors: list[Door]) -> None:
        self.url, self.http = url, http
        self.api, self.first, self.second = doors

    async def ask(self, method: str, path: str, **how: Any) -> tuple[int, str, Any]:
        async with self.http.request(
            method, URL(self.url + path, encoded=True), allow_redirects=False, **how
        ) as response:
            return response.status, await response.text(), response.headers


@pytest.fixture
async def house(nats_client: Client, tmp_path: Path) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        doors = [await stack.enter_async_context(door(name)) for name in ("api", "first", "second")]
        running = server.running(
            nats_client,
            LocalStore(str(tmp_path / "objects"), mkdir=True),
            listen=("127.0.0.1", 0),
            ingest_urls=[doors[1].url, doors[2].url],
            api_url=doors[0].url,
        )
        port = await stack.enter_async_context(running)
        http = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        yield House(f"http://127.0.0.1:{port}", http, doors)


@pytest.mark.parametrize(
    ("method", "path", "who"),
    [
        ("GET", "/", "api"),
        ("GET", "/watch/abc?x=1&y=%2F", "api"),
        ("POST", "/api/v1/recordings", "api"),
        ("GET", "/api/v1/..%2f..%2fetc", "api"),
        ("PATCH", "/whip/sessions/0/abc", "first"),
        ("DELETE", "/whip/sessions/1/abc", "second"),
    ],
)
async def test_each_goes_to_its_door(house: House, method: str, path: str, who: str) -> None:
    status, body, headers = await house.ask(method, path)
    assert (status, body, headers["X-Door"]) == (200, f"{who} says hello", who)
    asked = next(found for found in (house.api, house.first, house.second) if found.name == who).asked
    assert asked[0][:2] == (method, path)


async def test_what_was_said_arrives_and_what_is_between_us_does_not(house: House) -> None:
    headers = {
        "Authorization": "Bearer abc",
        "Content-Type": "application/sdp",
        "Cookie": "a=1; b=2",
        "Connection": "keep-alive, X-Mine",
        "X-Mine": "only for the edge",
        "X-Forwarded-For": "10.1.2.3",
        "X-Request-Id": "my-request",
    }
    await house.ask("POST", "/whip/" + "a" * 22, data=b"v=0\r\n", headers=headers)
    _, _, arrived, body = (house.first.asked + house.second.asked)[0]
    assert body == b"v=0\r\n"
    assert arrived["Authorization"] == "Bearer abc"
    assert arrived["Content-Type"] == "application/sdp"
    assert arrived["Cookie"] == "a=1; b=2"
    assert arrived["X-Forwarded-For"] == "10.1.2.3, 127.0.0.1"
    assert arrived["X-Forwarded-Proto"] == "http"
    assert arrived["X-Forwarded-Host"] == house.url.removeprefix("http://")
    assert arrived["X-Request-Id"] == "my-request"
    assert "X-Mine" not in arrived


async def test_one_callers_cookie_is_never_anothers(house: House) -> None:
    await house.ask("GET", "/")
    _, _, headers = await house.ask("GET", "/")
    assert headers["Set-Cookie"] == "door=api"
    assert "Cookie" not in house.api.asked[1][2]


async def test_offers_are_spread_over_the_ingest_processes(house: House) -> None:
    for _ in range(6):
        await house.ask("POST", "/whip/" + "a" * 22, data=b"v=0")
    assert (len(house.first.asked), len(house.second.asked)) == (3, 3)


async def test_an_offer_that_has_no_room_here_is_taken_there(house: House) -> None:
    house.first.status = 503
    said = [await house.ask("POST", "/whip/" + "a" * 22, data=b"v=0") for _ in range(4)]
    assert {status for status, _, _ in said} == {200}
    house.second.status = 503
    status, _, headers = await house.ask("POST", "/whip/" + "a" * 22, data=b"v=0")
    assert (status, headers["Retry-After"]) == (503, "7")


@pytest.mark.parametrize("status", [201, 204, 304, 307, 404, 409, 422, 500])
async def test_the_doors_answer_is_the_answer(house: House, status: int) -> None:
    house.api.status = status
    found, body, headers = await house.ask("GET", "/x")
    assert found == status
    assert body == ("" if status in (204, 304) else "api says hello")
    assert headers["Link"] == "<x>; rel=y"
    assert (await house.ask("GET", "/y"))[0] == status  # and the connection goes on


async def test_events_come_as_they_are_said_and_end_with_the_listener(house: House) -> None:
    async with house.http.get(house.url + "/api/v1/recordings/x/events") as response:
        async with asyncio.timeout(3):
            assert await response.content.readuntil(b"\n\n") == b"data: one\n\n"
            house.api.first_event_read.set()
            assert await response.content.readuntil(b"\n\n") == b"data: more\n\n"
    async with asyncio.timeout(3):
        await house.api.left.wait()


async def test_who_leaves_a_silent_stream_has_left_at_once(house: House) -> None:
    async with house.http.get(f"{house.url}/api/v1/recordings/x/events") as response:
        assert await response.content.readline() == b"data: one\n"
        response.close()
    async with asyncio.timeout(2):
        await house.api.left.wait()


async def test_head_has_no_body(house: House) -> None:
    status, body, headers = await house.ask("HEAD", "/")
    assert (status, body) == (200, "")
    assert headers["Content-Length"] == str(len("api says hello"))


async def test_a_session_of_nobody_is_not_found(house: House) -> None:
    for instance in ("9", "x", "-1", ""):
        assert (await house.ask("DELETE", f"/whip/sessions/{instance}/abc"))[0] == 404


async def test_a_body_that_is_too_long_is_refused_before_it_is_there(house: House) -> None:
    status, body, _ = await house.ask("POST", "/whip/" + "a" * 22, data=b"x" * 10_000_000)
    assert status == 413
    assert "1048576" in body

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 50_000

    async with asyncio.timeout(5):
        status, _, _ = await house.ask("POST", "/whip/" + "a" * 22, data=endless())
    assert status == 413


FILE = {"Content-Type": "application/offset+octet-stream"}


async def test_a_piece_of_a_file_is_handed_on_while_it_comes_however_long(house: House) -> None:
    piece = bytes(range(256)) * 20_000
    heard = asyncio.Event()

    async def in_two() -> AsyncIterator[bytes]:
        yield piece[:-1]
        await asyncio.wait_for(heard.wait(), 10)
        yield piece[-1:]

    house.api.on_body = heard.set
    status, _, _ = await house.ask("PATCH", "/api/v1/uploads/a", data=in_two(), headers=FILE)
    assert (status, house.api.asked[0][3]) == (200, piece)
    status, _, _ = await house.ask("PATCH", "/api/v1/uploads/a", data=piece, headers=FILE)
    assert (status, house.api.asked[1][3]) == (200, piece)
    assert house.api.asked[1][2]["Content-Length"] == str(len(piece))


async def test_whoever_sends_a_piece_that_nobody_wants_is_told_so(house: House) -> None:
    house.api.status = 404

    async def long() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 50_000

    async with asyncio.timeout(10):
        status, body, _ = await house.ask("PATCH", "/api/v1/uploads/nobody", data=long(), headers=FILE)
    assert (status, body) == (404, "api says hello")


async def test_who_leaves_in_the_middle_of_a_piece_has_left_for_the_door_as_well(house: House) -> None:
    begun = asyncio.Event()
    house.api.on_body = begun.set

    async def half() -> AsyncIterator[bytes]:
        yield b"x" * 100_000
        await asyncio.Event().wait()

    sending = asyncio.create_task(house.ask("PATCH", "/api/v1/uploads/a", data=half(), headers=FILE))
    await asyncio.wait_for(begun.wait(), 10)
    sending.cancel()
    await asyncio.wait_for(house.api.broken.wait(), 10)


@pytest.mark.parametrize("path", ["/api/v1/recordings", "/whip/" + "a" * 22, "/whip/sessions/0/abc", "/"])
async def test_doors_that_are_away_are_answered_for(nats_client: Client, tmp_path: Path, path: str) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    store = LocalStore(str(tmp_path / "objects"), mkdir=True)
    listen = ("127.0.0.1", 0)
    async with (
        server.running(nats_client, store, listen=listen, ingest_urls=[nobody, nobody], api_url=nobody) as port,
        aiohttp.ClientSession() as http,
        asyncio.timeout(5),
        http.post(f"http://127.0.0.1:{port}{path}", data=b"v=0") as response,
    ):
        assert response.status == 503
        assert response.headers["Retry-After"] == "1"
        assert response.headers["X-Request-Id"]
        assert (await response.json(content_type="application/problem+json"))["status"] == 503


async def test_ready_says_who_is_missing(house: House) -> None:
    status, body, _ = await house.ask("GET", "/health/ready")
    assert (status, '"status":"ok"' in body) == (200, True)
    house.second.status = 503
    status, body, _ = await house.ask("GET", "/health/ready")
    assert status == 503
    assert '"ingest 1":"second says hello"' in body
    assert '"nats":"ok"' in body
    assert '"status":"unavailable"' in body
    assert (await house.ask("GET", "/health/live"))[0] == 200
