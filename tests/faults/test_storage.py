"""Storage that is away or a disk that fills up: said, nothing lost, and over by itself; what is deleted leaves nothing."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
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

AWAY_S = float(os.environ.get("STORAGE_AWAY_S", "4"))
HEALED_S = 60
PART_S = 0.3
SLACK_BYTES = 1_500_000_000
"""So much may be used by others meanwhile."""
BALLAST_BYTES = 3_000_000_000
SEEN_S = 15


def free_bytes() -> int:
    return shutil.disk_usage(tempfile.gettempdir()).free


@contextmanager
def ballast(folder: Path) -> Iterator[None]:
    """The disk has less room by so much; nothing is written for it."""
    path = folder / "ballast"
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, BALLAST_BYTES)
    try:
        yield
    finally:
        path.unlink()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def s3() -> AsyncIterator[ObjectServer]:
    with tempfile.TemporaryDirectory(prefix="loom-test-") as folder:
        async with ObjectServer(Path(folder)) as server:
            yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def product(s3: ObjectServer) -> AsyncIterator[Product]:
    reserve_mb = max(free_bytes() - SLACK_BYTES, 0) // 1_000_000
    async with products(s3.environment | {"LOOM_RESERVE_MB": str(reserve_mb)}) as running:
        yield running


async def ask(product: Product, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    async with product.http.request(method, product.url + path, json=body) as response:
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
        status, said = await ask(product, "GET", "/health/ready")
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
    assert max(later.at_s - one.at_s for one, later in pairwise(seen)) < PART_S, "a part is missing"

    prefix = objects.prefix(started["id"])
    assert len(await storage.sizes(s3.store(), prefix)) > AWAY_S / 2
    async with product.http.delete(f"{product.url}/api/v1/recordings/{started['id']}") as response:
        assert response.status == 204

    async def is_gone() -> bool:
        return not await storage.sizes(s3.store(), prefix)

    await until(is_gone, HEALED_S)


@pytest.mark.skipif(free_bytes() < 2 * BALLAST_BYTES, reason="the disk is too full for this already")
async def test_with_little_room_new_recordings_are_refused_and_what_runs_goes_on(product: Product) -> None:
    async def says(status: str) -> bool:
        return bool((await ask(product, "GET", "/health/ready"))[1]["status"] == status)

    started = await product.start("Begun before")
    async with whip.sending(product, started, await whip.ordinary()):
        await product.until_playlist(started["id"], "#EXTINF")
        with ballast(product.data):
            await until(lambda: says("degraded"), SEEN_S)
            status, said = await ask(product, "GET", "/health/ready")
            disk = next(one for one in said["away"] if one["name"] == "disk space")
            assert status == 200
            assert "of disk space are left" in disk["why"]
            assert "New recordings are refused" in disk["means"]
            status, problem = await ask(product, "POST", "/api/v1/recordings", {"title": "Not now"})
            assert (status, problem["code"]) == (507, "no_room")
            assert problem["detail"] == disk["why"]
            before = media_checks.seconds_in(await media_checks.text(product.http, product.hls(started["id"])))
            await asyncio.sleep(1)
            assert media_checks.seconds_in(await media_checks.text(product.http, product.hls(started["id"]))) > before
        await until(lambda: says("ok"), SEEN_S)
        assert (await ask(product, "POST", "/api/v1/recordings", {"title": "Now"}))[0] == 201
    await product.control(started["id"], "stop")
    await product.until(started["id"], "completed")
