"""Between browser and gateway packets are lost and late: the picture goes on, the bit rate gives way and comes back."""

import asyncio
import itertools
from pathlib import Path

from ops.bench.browser import executable
from tests import media_checks
from tests.browser import ESTIMATES, browsing, recorder, sources
from tests.faults import lossy
from tests.product import product as run_product

RECORDED_S = 16
LESS = "one => one.seconds > {since} && one.estimate < 0.6 * one.wanted"
ENOUGH = "one => one.seconds > {since} && one.estimate >= one.wanted"


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


async def test_the_bit_rate_gives_way_to_loss_and_comes_back(tmp_path: Path) -> None:
    async with lossy.network(tmp_path, executable()) as net, run_product({"LOOM_HOST": "0.0.0.0"}) as product:
        origin = f"http://{net.outside}:{product.url.rpartition(':')[2]}"
        flags = (f"--unsafely-treat-insecure-origin-as-secure={origin}",)
        script = sources("moving", width=640, height=360)
        async with (
            browsing(*flags, path=net.wrapper) as chromium,
            recorder(chromium, origin, ESTIMATES, script) as page,
        ):
            await page.open()
            await page.choose("screen")
            await page.start()
            since = 0.0
            for loss, wanted in ((0.0, ENOUGH), (0.25, LESS), (0.0, ENOUGH)):
                net.disturb(loss=loss, delay_s=0.05)
                found = f"window.estimates.find({wanted.format(since=since)})?.seconds"
                since = await (await page.page.wait_for_function(found, timeout=45_000)).json_value()
            await page.stop()
