"""Whatever is sent to any door gets its status and a sentence, and nothing else breaks."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests import whip
from tests.media_checks import seconds_in, text
from tests.product import Product

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("live")]

SDP = {"Content-Type": "application/sdp"}
JSON = {"Content-Type": "application/json"}
UNKNOWN_ID = "0" * 22
H265_ONLY = "\r\n".join(
    (
        *("v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0"),
        *("m=video 9 UDP/TLS/RTP/SAVPF 96", "c=IN IP4 0.0.0.0", "a=ice-ufrag:abcd", "a=ice-pwd:" + "p" * 24),
        *("a=fingerprint:sha-256 " + ":".join(["AB"] * 32), "a=setup:actpass", "a=mid:0", "a=sendonly"),
        *("a=rtcp-mux", "a=rtpmap:96 H265/90000", ""),
    )
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live(product: Product) -> AsyncIterator[dict[str, Any]]:
    """A recording that goes on while everything else is tried."""
    started = await product.start("Live one")
    async with whip.sending(product, started, await whip.flash_and_beep()):
        await product.until_playlist(started["id"], "#EXTINF")
        yield started


async def answer(product: Product, method: str, path: str, **how: Any) -> tuple[int, str]:
    """Status and sentence; each refusal must carry one."""
    url = path if path.startswith("http") else product.url + path
    async with asyncio.timeout(15), product.http.request(method, url, allow_redirects=False, **how) as response:
        body = await response.text()
        if response.status >= 400 and "json" in response.headers.get("Content-Type", ""):
            problem = json.loads(body)
            assert problem["status"] == response.status
            return response.status, problem.get("detail") or problem["title"]
        return response.status, body


def bearer(started: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {started['whip_token']}"}


@pytest.mark.parametrize(
    ("headers", "body", "statuses"),
    [
        (SDP, "this is not SDP", {400, 422}),
        (SDP, "v=0\r\n" + "a=x:" + "y" * 10_000_000, {400, 413}),
        (SDP, "", {400, 422}),
        (SDP, H265_ONLY, {400, 406, 415, 422}),
        ({"Content-Type": "text/plain"}, "v=0", {415}),
        (SDP, b"\xff\xfe\x00binary", {400, 422}),
    ],
    ids=["not SDP", "10 MB of SDP", "nothing", "no codec we know", "wrong content type", "binary"],
)
async def test_an_offer_that_cannot_be_meant_is_refused(
    product: Product, headers: dict[str, str], body: Any, statuses: set[int]
) -> None:
    started = await product.start("Bad offers")
    status, sentence = await answer(
        product, "POST", started["whip_url"], data=body, headers={**headers, **bearer(started)}
    )
    assert status in statuses
    assert len(sentence) > 10


@pytest.mark.parametrize("token", [None, "Bearer wrong", "Basic abc", "Bearer ", "Bearer " + "x" * 5000])
async def test_without_its_token_nobody_records(product: Product, live: dict[str, Any], token: str | None) -> None:
    headers = {**SDP, **({"Authorization": token} if token else {})}
    status, sentence = await answer(product, "POST", live["whip_url"], data="v=0\r\n", headers=headers)
    assert status == 401 or (token is not None and len(token) > 4000 and status in {400, 431})
    assert len(sentence) > 10 or status == 431


async def test_another_recordings_token_is_worth_nothing(product: Product, live: dict[str, Any]) -> None:
    other = await product.start("Other")
    status, _ = await answer(product, "POST", live["whip_url"], data="v=0\r\n", headers={**SDP, **bearer(other)})
    assert status in {401, 403}


@pytest.mark.parametrize(
    ("method", "path", "body", "statuses"),
    [
        ("DELETE", "/whip/sessions/0/nosuchsession", None, {401, 404}),
        ("PATCH", "/whip/sessions/0/nosuchsession", "a=candidate:x", {401, 404}),
        ("DELETE", "/whip/sessions/99/nosuchsession", None, {401, 404}),
        ("GET", f"/api/v1/recordings/{UNKNOWN_ID}", None, {404}),
        ("GET", "/api/v1/recordings/..%2f..%2fetc", None, {400, 404}),
        ("GET", "/api/v1/recordings/not an id", None, {400, 404}),
        ("POST", f"/api/v1/recordings/{UNKNOWN_ID}/control", '{"action": "stop"}', {404}),
        ("POST", "/api/v1/recordings", "{not json", {400}),
        ("POST", "/api/v1/recordings", '{"titel": "a typo"}', {400, 422}),
        ("POST", "/api/v1/recordings", json.dumps({"title": "x" * 201}), {400, 422}),
        ("POST", "/api/v1/recordings", '{"recording_type": "hologram"}', {400, 422}),
        ("POST", "/api/v1/recordings", "[]", {400, 422}),
        ("POST", "/api/v1/recordings", '"\\ud800"', {400, 422}),
        ("POST", "/api/v1/recordings", "[" * 100_000, {400, 413, 422}),
        ("GET", "/api/v1/recordings?limit=100000", None, {400, 422}),
        ("GET", "/api/v1/recordings?cursor=%00%ff", None, {400, 422}),
        ("PATCH", "/api/v1/recordings", None, {405}),
        ("GET", "/api/v1/nothing", None, {404}),
        ("GET", f"/hls/{UNKNOWN_ID}/master.m3u8", None, {403}),
        ("GET", f"/s/{'A' * 48}/hls/{UNKNOWN_ID}/video.m3u8", None, {403}),
        ("GET", "/s/nothing", None, {404}),
    ],
)
async def test_what_cannot_be_meant_gets_its_status(
    product: Product, method: str, path: str, body: str | None, statuses: set[int]
) -> None:
    headers = (SDP if path.startswith("/whip") else JSON) if body else {}
    status, sentence = await answer(product, method, path, data=body, headers=headers)
    assert status in statuses, sentence
    assert len(sentence) > 5
    assert "Traceback" not in sentence


@pytest.mark.parametrize(
    "rest",
    [
        "../../../etc/passwd",
        "..%2f..%2f..%2fetc%2fpasswd",
        "video/../../../../etc/passwd",
        "video/%2e%2e/%2e%2e/secret",
        "video/1.m4s%00.jpg",
        "video/-1.m4s",
        "video/99999999999999999999.m4s",
        "video/1.m4s/../../x",
        "nosuch/0.m4s",
        "video/0.999.m4s",
        "video/init-99.mp4",
    ],
)
async def test_path_tricks_lead_nowhere(product: Product, live: dict[str, Any], rest: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(product.url.rpartition(":")[2]))
    path = product.hls(live["id"], rest).removeprefix(product.url)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    async with asyncio.timeout(15):
        status = int((await reader.readline()).split()[1])
        body = await reader.read()
    writer.close()
    assert status in {400, 404}
    assert b"root:" not in body


async def test_a_signed_link_to_nothing_leads_nowhere(product: Product) -> None:
    status, sentence = await answer(product, "GET", product.hls(UNKNOWN_ID))
    assert (status, sentence) == (404, "There is no such recording.")


async def test_a_playlist_far_in_the_future_is_refused_soon(product: Product, live: dict[str, Any]) -> None:
    status, sentence = await answer(product, "GET", product.hls(live["id"]) + "?_HLS_msn=100000")
    assert status == 400
    assert len(sentence) > 10


@pytest.mark.parametrize("query", ["_HLS_msn=-1", "_HLS_msn=abc", "_HLS_part=1", "_HLS_msn=1&_HLS_part=-1"])
async def test_a_reload_that_makes_no_sense_is_refused(product: Product, live: dict[str, Any], query: str) -> None:
    status, _ = await answer(product, "GET", f"{product.hls(live['id'])}?{query}")
    assert status == 400


async def test_a_second_stop_and_a_deleted_recording(product: Product) -> None:
    started = await product.start("Stopped twice")
    for _ in range(2):
        status, _ = await answer(
            product, "POST", f"/api/v1/recordings/{started['id']}/control", json={"action": "stop"}
        )
        assert status == 200
    status, _ = await answer(product, "DELETE", f"/api/v1/recordings/{started['id']}")
    assert status in {200, 204}
    for action in ("pause", "resume", "stop"):
        status, sentence = await answer(
            product, "POST", f"/api/v1/recordings/{started['id']}/control", json={"action": action}
        )
        assert status in {404, 410}
        assert len(sentence) > 5
    status, _ = await answer(product, "POST", started["whip_url"], data="v=0", headers={**SDP, **bearer(started)})
    assert status in {400, 404, 409, 410}


async def test_a_flood_of_offers_is_bounded_and_leaves_live_ones_alone(product: Product, live: dict[str, Any]) -> None:
    offers = await _real_offers(product, 200)
    before = seconds_in(await text(product.http, product.hls(live["id"])))
    began = asyncio.get_running_loop().time()
    statuses = Counter(await asyncio.gather(*(_offer(product, *one) for one in offers)))
    took = asyncio.get_running_loop().time() - began
    assert set(statuses) <= {201, 503}, statuses
    assert statuses[503] > 0, statuses
    # The one that was live has neither stopped nor stuttered: its playlist has grown by as much as time has passed.
    await asyncio.sleep(2)
    grown = seconds_in(await text(product.http, product.hls(live["id"]))) - before
    assert grown > took + 2 - 1.5


async def _real_offers(product: Product, count: int) -> list[tuple[dict[str, Any], str]]:
    started = [await product.start(f"Flood {number}") for number in range(4)]
    return [(started[number % len(started)], whip.lone_offer()) for number in range(count)]


async def _offer(product: Product, started: dict[str, Any], sdp: str) -> int:
    async with asyncio.timeout(60):
        async with product.http.post(started["whip_url"], data=sdp, headers={**SDP, **bearer(started)}) as response:
            if response.status == 503:
                assert "Retry-After" in response.headers
            await response.read()
            return response.status
