"""A player that changes between the sizes of a recording shows one unbroken picture (hls.js in Chromium)."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import gateways
from actors.outside.sandbox import Sandbox
from ops.bench.browser import browsing
from schemas.media import VIDEO
from tests.actors.processing.ladder.recorded import store_video
from tests.gateways.edge.given import viewing
from tests.gateways.edge.test_renditions import made

HLS_JS = Path(gateways.__file__).parent / "web" / "node_modules" / "hls.js" / "dist" / "hls.js"
SECONDS = 5
PLAY = """async (url) => {
  const video = document.querySelector("video");
  const seen = {levels: [], errors: [], seeks: 0, ranges: 0, ended: false};
  const hls = new Hls({maxBufferLength: 1, maxMaxBufferLength: 2, startLevel: 0, autoStartLoad: false});
  hls.on(Hls.Events.ERROR, (_, error) => seen.errors.push(error.details));
  hls.on(Hls.Events.FRAG_BUFFERED, (_, {frag}) => {
    if (frag.sn === "initSegment") return;
    seen.levels.push(hls.levels[frag.level].uri.match(/(\\w+).m3u8/)[1]);
  });
  hls.on(Hls.Events.FRAG_LOADED, (_, {frag}) => {
    if (frag.sn !== "initSegment") hls.loadLevel = (frag.level + 1) % hls.levels.length;
  });
  hls.loadSource(url);
  hls.attachMedia(video);
  await new Promise((done) => hls.once(Hls.Events.MANIFEST_PARSED, done));
  hls.startLoad(0);
  video.playbackRate = 2;
  await video.play();
  video.addEventListener("seeking", () => seen.seeks++);
  await new Promise((done) => {
    video.addEventListener("ended", () => { seen.ended = true; done(); });
    setTimeout(done, 40_000);
  });
  return {...seen, ranges: video.buffered.length, from: video.buffered.start(0), to: video.buffered.end(0)};
}"""


async def test_forced_changes_between_sizes_leave_no_gap(tmp_path: Path) -> None:
    async with (
        viewing(tmp_path) as (_, viewed),
        Sandbox(preload=("media.transcode.segment",)) as sandbox,
        browsing() as browser,
    ):
        await store_video(viewed.store, viewed.id, [(854, 480)] * SECONDS)
        await made(viewed, sandbox)
        page = await browser.new_page()
        await page.goto(viewed.address("master.m3u8").replace("/hls/", "/health/live?"))
        await page.set_content("<video muted playsinline></video>")
        await page.add_script_tag(path=HLS_JS)
        seen: dict[str, Any] = await page.evaluate(PLAY, viewed.address("master.m3u8"))
    assert set(seen["levels"]) == {VIDEO, "480p", "360p"}
    assert sum(before != after for before, after in pairwise(seen["levels"])) >= SECONDS - 2
    assert (seen["ended"], seen["seeks"], seen["errors"], seen["ranges"]) == (True, 0, [], 1)
    assert seen["from"] == pytest.approx(0, abs=0.04)
    assert seen["to"] == pytest.approx(SECONDS, abs=0.04)
