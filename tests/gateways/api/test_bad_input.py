"""Whatever is sent: a status that fits, a sentence for people, and everything goes on."""

import json
from typing import Any

import aiohttp
import pytest
from nats.aio.client import Client as Nats

from gateways.api.server import running
from schemas.ids import new_id
from tests.gateways.api.conftest import OFFERED, SECRET
from tests.openapi_contract import conforming

BASE = "/api/v1/recordings"
JSON = {"Content-Type": "application/json"}


async def refused(response: aiohttp.ClientResponse, status: int) -> str:
    """The sentence of a problem (RFC 9457)."""
    body = await response.json()
    assert (response.status, response.content_type) == (status, "application/problem+json"), body
    assert (body["status"], body["type"]) == (status, "about:blank")
    assert body["title"] and body["detail"]
    return str(body["detail"])


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"{", 400, "not JSON"),
        (b"\xff\xfe", 400, "not JSON"),
        (b"[]", 400, "object"),
        (b"null", 400, "object"),
        (b'{"titel": "x"}', 400, "titel"),
        (b'{"title": 1}', 400, "title"),
        (json.dumps({"title": "x" * 201}).encode(), 400, "title"),
        (json.dumps({"description": "x" * 5001}).encode(), 400, "description"),
        (b'{"recording_type": "radio"}', 400, "recording_type"),
        (b'{"settings": []}', 400, "settings"),
        (b"[" * 10_000, 400, ""),
        (b'{"title": "' + b"x" * 100_000 + b'"}', 413, "too long"),
    ],
)
async def test_a_recording_cannot_be_started_with(
    api: aiohttp.ClientSession, body: bytes, status: int, says: str
) -> None:
    async with api.post(BASE, data=body, headers=JSON) as response:
        assert says in await refused(response, status)


@pytest.mark.parametrize("kind", ["text/plain", "application/sdp", "multipart/form-data; boundary=x"])
async def test_only_json_is_read(api: aiohttp.ClientSession, kind: str) -> None:
    async with api.post(BASE, data=b"{}", headers={"Content-Type": kind}) as response:
        assert "application/json" in await refused(response, 415)


@pytest.mark.parametrize("path", ["nothing", "é" * 22, "a" * 21, "%00" * 22, "a" * 3000, "0" * 22])
@pytest.mark.parametrize("rest", ["", "/control", "/events"])
async def test_what_is_not_there_is_not_found(api: aiohttp.ClientSession, path: str, rest: str) -> None:
    method, body = ("POST", {"action": "stop"}) if rest == "/control" else ("GET", None)
    async with api.request(method, f"{BASE}/{path}{rest}", json=body) as response:
        assert await refused(response, 404)


@pytest.mark.parametrize("body", [{}, {"action": "explode"}, {"action": None}, {"action": "stop", "now": True}])
async def test_control_takes_three_words(api: aiohttp.ClientSession, body: Any) -> None:
    async with api.post(f"{BASE}/{new_id()}/control", json=body) as response:
        assert await refused(response, 400)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "limit=-1", "limit=", "cursor=%C3%A9", "cursor=x"]
)
async def test_a_list_cannot_be_asked_for_with(api: aiohttp.ClientSession, query: str) -> None:
    async with api.get(f"{BASE}?{query}") as response:
        assert await refused(response, 400)


async def test_a_template_needs_a_name(api: aiohttp.ClientSession) -> None:
    for body in ({}, {"name": ""}, {"name": "x" * 201}):
        async with api.post(f"{BASE}/templates", json=body) as response:
            assert "name" in await refused(response, 400)


@pytest.mark.parametrize(
    ("method", "path"), [("PATCH", BASE), ("DELETE", BASE), ("POST", f"{BASE}/x"), ("PUT", "/record")]
)
async def test_a_method_that_is_not_offered(api: aiohttp.ClientSession, method: str, path: str) -> None:
    async with api.request(method, path) as response:
        assert await refused(response, 405)
        assert response.headers["Allow"]


async def test_without_the_service_behind_it_the_door_says_so(nats_client: Nats, tmp_path: Any) -> None:
    async with (
        running(nats_client, listen=("127.0.0.1", 0), secret=SECRET, pages=tmp_path) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}", trace_configs=conforming(*OFFERED)) as http,
    ):
        async with http.get(f"{BASE}/{new_id()}") as response:
            assert "try again" in await refused(response, 503)
            assert int(response.headers["Retry-After"]) > 0
        async with http.get("/health/ready") as response:
            assert response.status == 503
            checks = (await response.json())["checks"]
            assert checks["nats"] == "ok"
            assert checks["recording"] != "ok"
        async with http.get("/health/live") as response:
            assert response.status == 200


async def test_with_it_the_door_is_ready(api: aiohttp.ClientSession) -> None:
    async with api.get("/health/ready") as response:
        assert response.status == 200
