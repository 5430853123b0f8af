import asyncio
from collections.abc import AsyncIterator, Awaitable

import pytest
from nats.aio.client import Client
from nats.micro.request import Request

from actors.jetstream.micro import MicroService
from schemas.ids import new_id


@pytest.fixture
async def name(nats_client: Client) -> AsyncIterator[str]:
    """A service that answers what it is sent."""
    name = f"echo-{new_id()}"
    service = MicroService(nats_client, name, "0.1.0", "Echoes.", {})
    await service.start()

    async def spawn(handling: Awaitable[None]) -> None:
        await handling

    async def echo(request: Request) -> None:
        await request.respond(request.data)

    await service.offer("echo", f"test.{name}", echo, spawn)
    yield name
    await service.stop()


async def test_who_asks_is_answered(nats_client: Client, name: str) -> None:
    assert (await nats_client.request(f"test.{name}", b"?", timeout=5)).data == b"?"
    assert (await nats_client.request(f"$SRV.PING.{name}", timeout=5)).data


@pytest.mark.parametrize("elsewhere", ["loom.evt.recording.r1.deleted", "$JS.ACK.MEDIA.archiver.1.1.1.1.1", ""])
async def test_who_has_no_inbox_gets_nothing_said_elsewhere(nats_client: Client, name: str, elsewhere: str) -> None:
    heard: list[bytes] = []

    async def hear(message: object) -> None:
        heard.append(getattr(message, "data", b""))

    if elsewhere:
        await nats_client.subscribe(elsewhere, cb=hear)
    await nats_client.publish(f"test.{name}", b"{}", reply=elsewhere)
    await nats_client.request(f"test.{name}", b"later", timeout=5)  # in the same queue: the first one was looked at
    await asyncio.sleep(0)
    assert heard == []
