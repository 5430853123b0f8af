"""Everything that changes a recording is part of its one trace, also where no trace is exported."""

from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from nats.aio.client import Client as Nats

from actors.jetstream import direct_get
from actors.runtime import tracing
from schemas.envelope import TRACE
from schemas.ids import RecordingId
from schemas.recording import RecordingView
from subjects import events
from subjects.streams import EVENTS
from tests.gateways.api.test_recordings import BASE, call, started

GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
Connect = Callable[[RecordingId], Awaitable[RecordingView]]


async def traces(nats: Nats, recording_id: str) -> list[str]:
    """Of the events of a recording."""
    entries = await direct_get.batch(nats, EVENTS.name, events.entity("recording", recording_id), 1)
    return [entry.headers.get(TRACE, "") for entry in entries]


async def test_what_changes_a_recording_is_one_trace(
    api: aiohttp.ClientSession, nats_client: Nats, connect_source: Connect
) -> None:
    view = await started(api)
    await connect_source(view["id"])
    await call(api, "PUT", f"{BASE}/{view['id']}", {"title": "New"})
    await call(api, "POST", f"{BASE}/{view['id']}/control", {"action": "stop"})
    prepared, _, updated, stopped = await traces(nats_client, view["id"])
    assert prepared == updated == stopped == tracing.of(view["id"])


async def test_the_callers_trace_comes_first(api: aiohttp.ClientSession, nats_client: Nats) -> None:
    async with api.post(BASE, json={}, headers={TRACE: GIVEN}) as response:
        recording_id = (await response.json())["id"]
    assert await traces(nats_client, recording_id) == [GIVEN]


@pytest.mark.parametrize(
    "given",
    [
        "nonsense",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
    ],
)
async def test_what_is_no_traceparent_is_not_passed_on(
    api: aiohttp.ClientSession, nats_client: Nats, given: str
) -> None:
    async with api.post(BASE, json={}, headers={TRACE: given}) as response:
        recording_id = (await response.json())["id"]
    assert await traces(nats_client, recording_id) == [tracing.of(recording_id)]


async def test_a_later_version_is_understood_as_far_as_ours_goes(api: aiohttp.ClientSession, nats_client: Nats) -> None:
    async with api.post(BASE, json={}, headers={TRACE: f"cc{GIVEN[2:]}-more"}) as response:
        recording_id = (await response.json())["id"]
    assert await traces(nats_client, recording_id) == [GIVEN]


async def test_different_recordings_are_different_traces(api: aiohttp.ClientSession, nats_client: Nats) -> None:
    ids = [(await started(api))["id"] for _ in range(2)]
    assert len({trace for one in ids for trace in await traces(nats_client, one)}) == 2
