"""A link to media ends while somebody watches: they go on without noticing, and who was given the link gets nothing."""

import pytest
from playwright.async_api import Request, Response, expect

from gateways.http.signing import MEDIA_ROOT
from ops.bench.browser import page_of
from tests import whip
from tests.browser import browsing
from tests.product import Product
from tests.servers import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENVIRONMENT = {"LOOM_LINK_TTL_S": "3"}
LONG_S = 8.0


async def test_who_watches_goes_on_and_a_leaked_link_is_dead(product: Product) -> None:
    started = await product.start("Watched for long")
    tokens, refused = set[str](), list[int]()

    def asked(request: Request) -> None:
        if MEDIA_ROOT in request.url and request.url.endswith(".m4s"):
            tokens.add(request.url.partition(MEDIA_ROOT)[0])

    def answered(response: Response) -> None:
        if MEDIA_ROOT in response.url and response.status == 403:
            refused.append(response.status)

    async def is_dead() -> bool:
        async with product.http.get(started["hls_url"]) as response:
            return response.status == 403

    async with whip.sending(product, started, await whip.ordinary()), browsing() as chromium, page_of(chromium) as page:
        page.on("request", asked)
        page.on("response", answered)
        await page.goto(started["watch_url"])
        video = page.locator("video")
        await expect(video).to_have_js_property("paused", False)
        await until(is_dead)

        async def has_played_long() -> bool:
            return bool(await video.evaluate(f"video => video.currentTime > {LONG_S}"))

        await until(has_played_long)
    assert len(tokens) > 2
    assert not refused
