"""Redis hangs, then is killed, while somebody records and somebody watches: both go on, nobody waits, it is said."""

import asyncio
import time
from typing import Any

import pytest

from tests import whip
from tests.faults.test_servers_away import held_s
from tests.product import Product
from tests.servers import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

HEALED_S = 15.0
SLOWER_S = 0.25
MACHINE_S = 0.35
"""What a request may take here beside that: two cores, and a product on them."""


async def ready(product: Product) -> tuple[int, Any]:
    async with product.http.get(f"{product.url}/health/ready") as response:
        return response.status, await response.json(content_type=None)


async def is_well(product: Product) -> bool:
    return (await ready(product))[1]["status"] == "ok"


async def visit(product: Product, recording_id: str) -> float:
    """Open the page of a recording; how long it took, seconds."""
    began = time.monotonic()
    async with product.http.get(f"{product.url}/watch/{recording_id}") as response:
        assert response.status == 200
        assert 'property="og:title"' in await response.text()
    return time.monotonic() - began


async def test_recording_and_watching_go_on_without_redis(product: Product) -> None:
    started = await product.start("Goes on")
    async with whip.sending(product, started, await whip.ordinary()):
        await product.until_playlist(started["id"], "#EXTINF")
        await until(lambda: is_well(product), HEALED_S)
        await while_it_hangs(product, started["id"])
        await until(lambda: is_well(product), HEALED_S)
        before = await held_s(product, started["id"])
        await product.kill("redis-server")
        assert await visit(product, started["id"]) < SLOWER_S + MACHINE_S
        await product.start("Begun meanwhile")
        await until(lambda: is_well(product), HEALED_S)
        await asyncio.sleep(2)
        assert await held_s(product, started["id"]) > before
        await product.control(started["id"], "stop")
    view = await product.until(started["id"], "completed")
    assert view["duration_seconds"] > 10


async def while_it_hangs(product: Product, recording_id: str) -> None:
    (server,) = product.processes("redis-server")
    server.suspend()
    try:
        before = await held_s(product, recording_id)
        assert await visit(product, recording_id) < SLOWER_S + MACHINE_S
        took = sorted([await visit(product, recording_id) for _ in range(20)])
        assert took[-3] < MACHINE_S  # it is asked again from time to time, and then somebody waits
        status, said = await ready(product)
        assert (status, said["status"]) == (200, "degraded")
        assert [one["name"] for one in said["away"]] == ["redis"]
        assert "Recording and watching go on" in said["away"][0]["means"]
        assert said["checks"]["nats"] == "ok"
        begun = await product.start("Begun meanwhile")
        await product.control(begun["id"], "stop")
        await asyncio.sleep(8)
        assert await held_s(product, recording_id) > before + 6
    finally:
        server.resume()
