from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from nats.aio.client import Client as Nats

from actors.recording import actor as recording
from gateways.ingest.server import running
from tests.gateways.ingest.given import SECRET, Door


@pytest.fixture
async def door(nats_client: Nats, database: Any) -> AsyncIterator[Door]:
    gateway = running(
        nats_client,
        listen=("127.0.0.1", 0),
        secret=SECRET,
        max_sessions=3,
        ice_servers=["turn:me:it@turn.example:3478"],
    )
    async with recording.running(nats_client, database), gateway as port, aiohttp.ClientSession() as http:
        yield Door(nats_client, http, f"http://127.0.0.1:{port}")
