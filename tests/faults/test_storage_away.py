"""Object storage that is away for a while costs nothing but the wait; what is deleted leaves nothing there."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from actors.outside import storage
from subjects import objects
from tests import media_checks, whip
from tests.object_server import WEED, ObjectServer
from tests.product import Product
from tests.product import product as products
from tests.servers import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.skipif(WEED is None, reason="no SeaweedFS")]

AWAY_S = float(os.environ.get("STORAGE_AWAY_S", "8"))
HEALED_S = 60


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def s3() -> AsyncIterator[ObjectServer]:
    with tempfile.TemporaryDirectory(prefix="loom-test-") as folder:
        async with ObjectServer(Path(folder)) as server:
            yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def product(s3: ObjectServer) -> AsyncIterator[Product]:
    async with products(s3.environment) as running:
        yield running


async def ready(product: Product) -> tuple[int, Any]:
    async with product.http.get(f"{product.url}/health/ready") as response:
        return response.status, await response.json()


async def test_storage_that_is_away_loses_nothing_and_what_is_deleted_leaves_nothing(
    product: Product, s3: ObjectServer
) -> None:
    started = await product.start("Stored in S3")
    url = product.hls(started["id"])
    async with whip.sending(product, started, await whip.ordinary()):
        await product.until_playlist(started["id"], "/1.m4s")
        await s3.kill()
        before = media_checks.seconds_in(await media_checks.text(product.http, url))
        status, said = await ready(product)
        assert (status, said["status"]) == (200, "degraded")
        assert "storage" in {one["name"] for one in said["away"]}
        await asyncio.sleep(AWAY_S)
        assert media_checks.seconds_in(await media_checks.text(product.http, url)) > before + AWAY_S - 3
        stopping = await product.control(started["id"], "stop")
    assert stopping["status"] == "processing"
    await s3.start()
    view = await product.until(started["id"], "completed", deadline_s=HEALED_S)
    assert view["duration_seconds"] > before + AWAY_S - 3
    seen = media_checks.pictures(await media_checks.pieces(product.http, url))
    assert max(later.at_s - one.at_s for one, later in pairwise(seen)) < 0.1, "a picture is missing"

    prefix = objects.prefix(started["id"])
    assert len(await storage.sizes(s3.store(), prefix)) > AWAY_S / 2
    async with product.http.delete(f"{product.url}/api/v1/recordings/{started['id']}") as response:
        assert response.status == 204

    async def is_gone() -> bool:
        return not await storage.sizes(s3.store(), prefix)

    await until(is_gone, HEALED_S)
