"""Server-sent events: the status at once and whenever something happened; what the gateway measures; the end."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from nats.aio.client import Client as Nats

from schemas.ids import RecordingId
from subjects import live
from tests.gateways.api.test_recordings import BASE, call, started
from tests.servers import until

WAIT_S = 5.0


class Listener:
    """One stream, event by event."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def event(self) -> tuple[str, Any]:
        """The next one. Raises TimeoutError; ("", None) at the end of the stream."""
        name, data = "", None
        async with asyncio.timeout(WAIT_S):
            async for line in self.response.content:
                key, _, value = line.decode().rstrip("\n").partition(": ")
                if key == "event":
                    name = value
                elif key == "data":
                    data = json.loads(value)
                elif not key and name:
                    return name, data
        return "", None


@asynccontextmanager
async def listening(api: aiohttp.ClientSession, recording_id: str) -> AsyncIterator[Listener]:
    async with api.get(f"{BASE}/{recording_id}/events") as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        assert response.headers["Cache-Control"] == "no-store"
        yield Listener(response)


async def test_the_status_comes_at_once_and_with_every_change(api: aiohttp.ClientSession, connect_source: Any) -> None:
    view = await started(api, title="Demo")
    async with listening(api, view["id"]) as listener:
        name, said = await listener.event()
        assert (name, said["status"], said["title"]) == ("status", "preparing", "Demo")
        await connect_source(RecordingId(view["id"]))
        assert (await listener.event())[1]["status"] == "recording"
        await call(api, "PUT", f"{BASE}/{view['id']}", {"title": "New"})
        assert (await listener.event())[1]["title"] == "New"
        await call(api, "POST", f"{BASE}/{view['id']}/control", {"action": "stop"})
        assert (await listener.event())[1]["status"] == "processing"


async def test_what_the_gateway_measures_is_passed_on(api: aiohttp.ClientSession, nats_client: Nats) -> None:
    view = await started(api)
    async with listening(api, view["id"]) as listener:
        await listener.event()
        await nats_client.publish(live.source(view["id"]), b'{"frames_per_second": 30}')
        assert await listener.event() == ("source", {"frames_per_second": 30})


async def test_nothing_of_another_recording_is_heard(api: aiohttp.ClientSession, nats_client: Nats) -> None:
    view, other = await started(api), await started(api)
    async with listening(api, view["id"]) as listener:
        await listener.event()
        await nats_client.publish(live.source(other["id"]), b"{}")
        await call(api, "DELETE", f"{BASE}/{other['id']}")
        await nats_client.publish(live.source(view["id"]), b'{"mine": true}')
        assert await listener.event() == ("source", {"mine": True})


async def test_a_deleted_recording_ends_the_stream(api: aiohttp.ClientSession) -> None:
    view = await started(api)
    async with listening(api, view["id"]) as listener:
        await listener.event()
        await call(api, "DELETE", f"{BASE}/{view['id']}")
        assert (await listener.event())[0] == "deleted"
        assert await listener.event() == ("", None)


async def test_many_may_listen(api: aiohttp.ClientSession) -> None:
    view = await started(api)
    async with listening(api, view["id"]) as one, listening(api, view["id"]) as other:
        await asyncio.gather(one.event(), other.event())
        await call(api, "PUT", f"{BASE}/{view['id']}", {"title": "New"})
        heard = await asyncio.gather(one.event(), other.event())
    assert [said["title"] for _, said in heard] == ["New", "New"]


async def test_who_has_left_is_forgotten(api: aiohttp.ClientSession, nats_client: Nats) -> None:
    view = await started(api)

    def subscriptions() -> int:
        return sum(view["id"] in held.subject for held in nats_client._subs.values())

    async with listening(api, view["id"]) as listener:
        await listener.event()
        assert subscriptions() == 3  # events, source, progress
        listener.response.close()

    async def forgotten() -> bool:
        return subscriptions() == 0

    await until(forgotten)
