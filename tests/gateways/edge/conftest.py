from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import uvloop

from tests.gateways.edge.given import Viewed, viewing


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], uvloop.Loop]]:
    """The loop the edge runs on in production."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def viewed(tmp_path: Path) -> AsyncIterator[Viewed]:
    async with viewing(tmp_path) as (_, found):
        yield found
