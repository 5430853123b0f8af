"""A recording is there in smaller sizes: one while it is live, those of the ladder soon after the end."""

import io
import re

import av
import pytest

from schemas.media import LIVE_RUNG, VIDEO
from tests import whip
from tests.product import Product

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENVIRONMENT = {"LOOM_LADDER": "480p,360p", "LOOM_LIVE_RUNG": "always"}
MOST_S = 45
"""Nothing is judged by it: children of low priority share two cores with other tests."""


async def test_smaller_sizes_join_while_it_is_live_and_after_the_end(product: Product) -> None:
    started = await product.start("In several sizes")
    async with whip.sending(product, started, await whip.flash_and_beep()):
        await product.until_playlist(started["id"], f"{LIVE_RUNG}.m3u8", "master.m3u8", MOST_S)
        await product.control(started["id"], "stop")
    await product.until(started["id"], "completed")
    for rung, height in (("480p", 480), ("360p", 360)):
        await product.until_playlist(started["id"], f"{rung}.m3u8", "master.m3u8", MOST_S)
        assert await shown(product, started["id"], rung) == (height, (await shown(product, started["id"], VIDEO))[1])


async def shown(product: Product, recording_id: str, rendition: str) -> tuple[int, int]:
    """The height of a rendition's pictures, and how many there are."""
    playlist = await product.until_playlist(recording_id, "#EXT-X-ENDLIST", f"{rendition}.m3u8")
    data = b""
    for name in re.findall(r'URI="([^"]+\.mp4)"|^([^#].*)$', playlist, re.MULTILINE):
        async with product.http.get(product.hls(recording_id, name[0] or name[1])) as response:
            assert response.status == 200
            data += await response.read()
    with av.open(io.BytesIO(data)) as file:
        pictures = [frame.height for frame in file.decode(video=0)]
    assert len(set(pictures)) == 1
    return pictures[0], len(pictures)
