"""5 % of the packets lost and 200 ms of delay between browser and gateway: the picture never stands for two seconds."""

import asyncio
import itertools
from pathlib import Path

from ops.bench.browser import executable
from tests import media_checks
from tests.browser import browsing, recorder, sources
from tests.faults import lossy
from tests.product import product as run_product

RECORDED_S = 16


async def test_no_picture_is_frozen_for_longer_than_two_seconds(tmp_path: Path) -> None:
    async with lossy.network(tmp_path, executable()) as net, run_product({"LOOM_HOST": "0.0.0.0"}) as product:
        origin = f"http://{net.outside}:{product.url.rpartition(':')[2]}"
        flags = (f"--unsafely-treat-insecure-origin-as-secure={origin}",)
        script = sources("moving", width=640, height=360)
        async with browsing(*flags, path=net.wrapper) as chromium, recorder(chromium, origin, script) as recording:
            await recording.open()
            await recording.choose("screen")
            net.disturb(loss=0.05, delay_s=0.2)
            await recording.start()
            await product.until_playlist(recording.id, "#EXTINF")
            await asyncio.sleep(RECORDED_S)
            await recording.stop()
        await product.until(recording.id, "completed")
        video = await media_checks.pieces(product.http, product.hls(recording.id))
        assert [await media_checks.complaints(piece) for piece in video] == [""] * len(video)
        seen = media_checks.pictures(video)
    assert net.dropped > 50, "the network was not bad enough to show anything"
    assert seen[-1].at_s - seen[0].at_s > RECORDED_S - 3
    assert max(media_checks.gaps(seen)) <= 2
    clocks = [one.clock_ms for one in seen if one.clock_ms is not None]
    assert max(later - earlier for earlier, later in itertools.pairwise(clocks)) <= 2000
