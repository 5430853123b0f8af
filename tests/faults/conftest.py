"""One `loom up` for the tests of a module."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests import product as products


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def product() -> AsyncIterator[products.Product]:
    async with products.product() as running:
        yield running
