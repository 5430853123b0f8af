from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from nats.aio.client import Client
from obstore.store import LocalStore

from tests.actors.media_given import NatsServer, connected, provision


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    async with NatsServer(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def client(server: NatsServer) -> AsyncIterator[Client]:
    async with connected(server) as client:
        await provision(client)
        yield client


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "objects", mkdir=True)
