"""PostgreSQL and Redis, then NATS, do not answer for a minute: what needs them says so in time, the rest goes on."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests import media_checks, whip
from tests.product import Product
from tests.servers import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

AWAY_S = 60.0
ANSWERED_S = 7.0
"""A request's deadline is five seconds; the rest is the machine's."""
HEALED_S = 15.0


@asynccontextmanager
async def hanging(product: Product, *names: str) -> AsyncIterator[float]:
    """Every process of these servers stands still while the block runs, for `AWAY_S` at least."""
    found = [process for name in names for process in product.processes(name)]
    victims = {*found, *(child for process in found for child in process.children(recursive=True))}
    for victim in victims:
        victim.suspend()
    began = time.monotonic()
    try:
        yield began
        await asyncio.sleep(max(0.0, AWAY_S - (time.monotonic() - began)))
    finally:
        for victim in victims:
            victim.resume()


async def ask(product: Product, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Status and answer, which has to come in time."""
    async with asyncio.timeout(ANSWERED_S), product.http.request(method, product.url + path, json=body) as response:
        return response.status, await response.json(content_type=None)


async def listed(product: Product) -> set[str]:
    status, page = await ask(product, "GET", "/api/v1/recordings?limit=100")
    return {one["id"] for one in page["recordings"]} if status == 200 else set()


async def held_s(product: Product, recording_id: str) -> float:
    async with product.http.get(product.hls(recording_id)) as response:
        return media_checks.seconds_in(await response.text()) if response.status == 200 else 0.0


async def test_everything_heals_and_nothing_is_lost(product: Product) -> None:
    started = await product.start("Goes on")
    recording_id = started["id"]
    async with whip.persisting(product, started, await whip.flash_and_beep()) as sessions:
        await product.until_playlist(recording_id, "#EXTINF")
        began = time.monotonic() - await held_s(product, recording_id)
        others = await without_tables(product, recording_id)
        await without_the_log(product, recording_id, others)
        assert len(sessions) == 1  # the source was never sent away

        async def is_whole() -> bool:
            return await held_s(product, recording_id) > time.monotonic() - began - 3

        await until(is_whole, HEALED_S)
        recorded = time.monotonic() - began
        await product.control(recording_id, "stop")
    view = await product.until(recording_id, "completed", deadline_s=40)
    assert view["duration_seconds"] == pytest.approx(recorded, abs=3)
    for piece in await media_checks.pieces(product.http, product.hls(recording_id)):
        assert await media_checks.complaints(piece) == ""


async def without_tables(product: Product, recording_id: str) -> set[str]:
    """Lists are away; recordings are begun, watched, paused and ended."""
    async with hanging(product, "postgres", "redis-server"):
        held = await held_s(product, recording_id)
        status, _ = await ask(product, "GET", "/api/v1/recordings")
        assert status == 503
        begun = {(await product.start(f"Nr. {number}"))["id"] for number in range(5)}
        for one in begun:
            status, view = await ask(product, "GET", f"/api/v1/recordings/{one}")
            assert (status, view["status"]) == (200, "preparing")
        await asyncio.sleep(10)
        status, _ = await ask(product, "GET", "/api/v1/recordings")
        assert status == 503
        status, said = await ask(product, "GET", "/health/ready")
        assert (status, said["status"]) == (200, "degraded")
        assert {one["name"] for one in said["away"]} == {"postgresql", "redis"}
        assert await held_s(product, recording_id) > held + 8

    async def all_listed() -> bool:
        return begun <= await listed(product)

    await until(all_listed, HEALED_S)
    return begun


async def without_the_log(product: Product, recording_id: str, begun: set[str]) -> None:
    """Nothing can be decided; what was there can be watched, and what is sent is kept until it can be stored."""
    async with hanging(product, "nats-server"):
        held = await held_s(product, recording_id)
        assert held > 0
        status, problem = await ask(product, "POST", "/api/v1/recordings", {"title": "Not now"})
        assert (status, problem["code"]) == (503, "unavailable")
        status, _ = await ask(product, "GET", f"/api/v1/recordings/{recording_id}")
        assert status == 503
        status, said = await ask(product, "GET", "/health/ready")
        assert (status, said["status"]) == (503, "unavailable")
    await product.wait_ready(HEALED_S)

    async def goes_on() -> bool:
        return await held_s(product, recording_id) > held + AWAY_S - 5

    await until(goes_on, HEALED_S)
    assert begun <= await listed(product)
