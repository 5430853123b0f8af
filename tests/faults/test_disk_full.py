"""A disk that fills up is a clear state: said, refused with a sentence, nothing lost, and over once there is room."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import media_checks, whip
from tests.product import Product
from tests.servers import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

SLACK_BYTES = 1_500_000_000
"""So much may be used by others meanwhile."""
BALLAST_BYTES = 3_000_000_000
_FREE = shutil.disk_usage(tempfile.gettempdir()).free
ENVIRONMENT = {"LOOM_RESERVE_MB": str(max(_FREE - SLACK_BYTES, 0) // 1_000_000)}
SEEN_S = 15


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


async def ask(product: Product, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    async with product.http.request(method, product.url + path, json=body) as response:
        return response.status, await response.json()


@pytest.mark.skipif(_FREE < 2 * BALLAST_BYTES, reason="the disk is too full for this already")
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
