"""One `loom up` for the tests of a module; what the module calls ENVIRONMENT is set for it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests import product as products


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def product(request: pytest.FixtureRequest) -> AsyncIterator[products.Product]:
    async with products.product(getattr(request.module, "ENVIRONMENT", {})) as running:
        yield running
