"""A reader that leaves leaves nothing behind."""

import asyncio
from typing import Any

import pytest
from nats.aio.client import Client as Nats
from nats.js.client import JetStreamContext

from actors.jetstream.follower import Follower
from schemas.ids import new_id
from subjects import media


async def test_cancelled_while_its_consumer_is_made_it_hears_nothing_more(
    nats_client: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_asked = asyncio.Event()

    async def slow(*_: Any, **__: Any) -> None:
        is_asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(JetStreamContext, "add_consumer", slow)
    before = len(nats_client._subs)
    following = asyncio.create_task(Follower(nats_client, media.parts(new_id()), lambda _: None).run())
    await is_asked.wait()
    following.cancel()
    await asyncio.wait([following])
    assert len(nats_client._subs) == before
