from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateways.edge.given import Viewed, viewing


@pytest.fixture
async def viewed(tmp_path: Path) -> AsyncIterator[Viewed]:
    async with viewing(tmp_path) as (_, found):
        yield found
