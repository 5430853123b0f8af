"""What is written down of the WHIP endpoint is what its router has, and what it answers."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from nats.aio.client import Client as Nats

from actors.recording import actor as recording
from actors.runtime.client import Client
from gateways.http import token, whip
from gateways.ingest.server import running
from gateways.ingest.whip import Whip
from schemas.ids import RecordingId, new_id
from schemas.recording import DeleteRecording, StartRecording, StopRecording
from tests.gateways.ingest.given import SDP, SECRET
from tests.gateways.ingest.test_whip import FRAGMENT, valid_offer
from tests.openapi_contract import conforming, matches


def test_the_router_has_what_is_written_down_and_nothing_more() -> None:
    nothing: Any = None
    door = Whip(Nats(), nothing, nothing, nothing, instance=0, ice_servers=(), part_s=1 / 3, segment_s=2.0)
    written = {(one.method, one.path) for one in whip.OPERATIONS}
    routed = {(route.method, route.path) for route in door.routes()}
    assert len(routed) == len(written)
    for method, path in routed:
        assert [one for one in written if one[0] == method and matches(one[1], path)], (method, path)


@pytest.fixture
async def door(nats_client: Nats, database: Any) -> AsyncIterator[aiohttp.ClientSession]:
    gateway = running(nats_client, listen=("127.0.0.1", 0), secret=SECRET, max_sessions=1)
    async with (
        recording.running(nats_client, database),
        gateway as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}", trace_configs=conforming("/")) as http,
    ):
        yield http


async def test_what_it_answers_is_written_down(door: aiohttp.ClientSession, nats_client: Nats) -> None:
    ask = Client(nats_client).ask
    here, ended, gone = (RecordingId(new_id()) for _ in range(3))
    for one in (here, ended, gone):
        await ask(StartRecording(one))
    await ask(StopRecording(ended))
    await ask(DeleteRecording(gone))
    session = ""

    async def asked(method: str, path: str, body: str | None = None, **headers: str) -> int:
        nonlocal session
        async with door.request(method, path, data=body, headers=headers) as response:
            session = response.headers.get("Location", session)
            return response.status

    def sent(recording_id: str, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token.make(SECRET, recording_id)}", **SDP, **more}

    offer = valid_offer()
    assert await asked("OPTIONS", f"/whip/{here}") == 204
    for recording_id, body, headers, status in (
        (here, offer, SDP, 401),
        (here, offer, sent(here, **{"Content-Type": "text/plain"}), 415),
        (here, "hello", sent(here), 400),
        (here, offer.replace("H264", "H265"), sent(here), 422),
        (here, "v=0\r\n" * 20_000, sent(here), 413),
        (ended, offer, sent(ended), 409),
        (gone, offer, sent(gone), 410),
        (new_id(), offer, SDP, 401),
        ("nothing", offer, SDP, 404),
        (here, offer, sent(here), 201),
        (here, offer, sent(here), 503),
    ):
        assert await asked("POST", f"/whip/{recording_id}", body, **headers) == status
    own = "a=ice-ufrag:abcd\r\n"
    for method, body, headers, status in (
        ("OPTIONS", None, {}, 204),
        ("PATCH", own, SDP, 415),
        ("PATCH", own, FRAGMENT, 428),
        ("PATCH", "nothing", {**FRAGMENT, "If-Match": "*"}, 400),
        ("PATCH", own, {**FRAGMENT, "If-Match": "*"}, 422),
        ("PATCH", own, {**FRAGMENT, "If-Match": '"another"'}, 412),
        ("DELETE", None, {"Authorization": "Bearer no"}, 401),
        ("DELETE", None, {}, 200),
        ("DELETE", None, {}, 404),
        ("PATCH", own, FRAGMENT, 404),
    ):
        assert await asked(method, session, body, **headers) == status, (method, headers)
