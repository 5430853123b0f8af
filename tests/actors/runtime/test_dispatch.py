"""What becomes of an event that cannot be handled."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest
from msgspec import json, structs
from nats.aio.client import Client as Nats
from nats.aio.msg import Msg

from actors.runtime import dispatch
from actors.runtime.actor import ensure
from actors.runtime.deliveries import Deliveries
from actors.runtime.inbox import Inbox
from schemas.errors import Conflict, Unavailable
from subjects import consumers, dead_letters, events
from subjects.streams import DLQ
from tests.actors.runtime.greeting import GuestCame

ONCE = structs.replace(consumers.of_service("greeting", (events.every(GuestCame),)), max_deliver=1, ack_wait_s=30)


async def delivered(nats: Nats, body: bytes) -> Msg:
    await ensure(nats, ONCE)
    await nats.jetstream().publish(events.of(GuestCame, "ann"), body)
    async with aclosing(Deliveries(nats, ONCE)) as deliveries:
        (found,) = await deliveries.fetch(5)
    return found


def raising(error: Exception) -> Callable[..., Awaitable[Any]]:
    async def handler(*_: object) -> None:
        raise error

    return handler


async def settled(nats: Nats) -> tuple[int, int]:
    """Unacknowledged, and dead letters."""
    info = await nats.jetstream().consumer_info(ONCE.stream, ONCE.name)
    return info.num_ack_pending or 0, (await nats.jetstream().stream_info(DLQ.name)).state.messages


BODY = json.encode(GuestCame("ann", 1))


async def test_a_defect_goes_to_the_dead_letters_with_why(nats_client: Nats) -> None:
    message = await delivered(nats_client, BODY)
    await dispatch.event(raising(ZeroDivisionError("how")), GuestCame, Inbox(), message, ONCE, nats_client)
    await nats_client.flush()
    assert await settled(nats_client) == (0, 1)
    subject = dead_letters.of(ONCE.stream, ONCE.name)
    letter = await nats_client.jetstream().get_last_msg(DLQ.name, subject)
    assert letter.data == BODY
    assert letter.headers
    assert letter.headers["Loom-Error"] == "ZeroDivisionError('how')"
    assert letter.headers["Loom-Subject"] == events.of(GuestCame, "ann")


async def test_what_cannot_be_read_goes_to_the_dead_letters(nats_client: Nats) -> None:
    message = await delivered(nats_client, b'{"guest_id": 1}')
    await dispatch.event(raising(AssertionError()), GuestCame, Inbox(), message, ONCE, nats_client)
    await nats_client.flush()
    assert await settled(nats_client) == (0, 1)


@pytest.mark.parametrize("error", [Unavailable("away"), ConnectionError("away"), TimeoutError()])
async def test_what_something_away_prevents_is_never_buried(nats_client: Nats, error: Exception) -> None:
    message = await delivered(nats_client, BODY)
    await dispatch.event(raising(error), GuestCame, Inbox(), message, ONCE, nats_client)
    await nats_client.flush()
    assert await settled(nats_client) == (1, 0)


async def test_a_refused_event_is_done_with(nats_client: Nats) -> None:
    message = await delivered(nats_client, BODY)
    await dispatch.event(raising(Conflict("no")), GuestCame, Inbox(), message, ONCE, nats_client)
    await nats_client.flush()
    assert await settled(nats_client) == (0, 0)
