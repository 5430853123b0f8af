"""Real servers, once a session where that is fair: PostgreSQL; each test has its own database and its own NATS."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client
from xdist.scheduler import LoadScopeScheduling

from ops.provision import provision
from tests import servers
from tests.replicas import Replica
from tests.servers import NatsServer, RedisServer, connected, fresh_database

RUNS_ALL = ("tests/faults/", "tests/e2e/")


class SideBySide(LoadScopeScheduling):
    """One process runs what runs all of Loom, test by test; the others the rest, file by file."""

    def _split_scope(self, nodeid: str) -> str:
        return RUNS_ALL[0] if nodeid.startswith(RUNS_ALL) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return SideBySide(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first."""
    items.sort(key=lambda item: not item.nodeid.startswith(RUNS_ALL))


@pytest.fixture
async def nats_server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    """With the streams and consumers of `subjects/`."""
    async with NatsServer(tmp_path / "nats") as server:
        async with connected(server) as client:
            await provision(client)
        yield server


@pytest.fixture
async def nats_client(nats_server: NatsServer) -> AsyncIterator[Client]:
    async with connected(nats_server) as client:
        yield client


@pytest.fixture(scope="session")
def nats_url() -> Iterator[str]:
    """An empty server that all tests share; name what you put into it anew."""
    with servers.nats_for_all() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with servers.postgres() as url:
        yield url


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Any]:
    """A pool on a fresh database with the tables."""
    async with fresh_database(postgres_url) as pool:
        yield pool


@pytest.fixture
def database_url(postgres_url: str) -> Iterator[str]:
    """A fresh database without tables."""
    with servers.empty_database(postgres_url) as url:
        yield url


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """One that may be killed."""
    with servers.own_redis() as server:
        yield server


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A server that all tests share."""
    with servers.redis() as url:
        yield url


@pytest.fixture
def replica(monkeypatch: pytest.MonkeyPatch) -> Replica:
    """Answers direct gets, and can fall behind."""
    return Replica(monkeypatch)
