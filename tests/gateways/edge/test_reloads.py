"""Everything a viewer is given from the first part to the end is accepted by everybody, and everything announced is there."""

import asyncio
import re

import pytest

from tests import hls_strict, other_parsers
from tests.gateways.edge.given import Viewed, still_wait

_LAST = re.compile(r'URI="(?:video|audio)/(\d+)\.(\d+)\.m4s"')


class Follower:
    """Reloads as the specification says: for the part behind the last one that is listed."""

    def __init__(self, viewed: Viewed, rendition: str) -> None:
        self._viewed, self._name = viewed, f"{rendition}.m3u8"
        self.answers: list[str] = []
        self.deltas: list[tuple[str, str]] = []
        self.missing: list[str] = []
        self._fetched: set[str] = set()

    async def follow(self) -> None:
        wish = ""
        while True:
            text = await self._viewed.text(self._name + wish)
            if self.answers and text != self.answers[-1]:
                self.deltas.append((self.answers[-1], await self._viewed.text(f"{self._name}?_HLS_skip=YES")))
            self.answers.append(text)
            for uri in hls_strict.announced(text):
                if uri not in self._fetched and (await self._viewed.get(uri))[0] != 200:
                    self.missing.append(uri)
                self._fetched.add(uri)
            if "#EXT-X-ENDLIST" in text:
                return
            listed = [found for line in text.splitlines() if "EXT-X-PART:" in line for found in _LAST.findall(line)]
            msn, part = listed[-1]
            wish = f"?_HLS_msn={msn}&_HLS_part={int(part) + 1}"


async def test_every_answer_is_accepted_and_nothing_announced_is_missing(viewed: Viewed) -> None:
    video, audio = Follower(viewed, "video"), Follower(viewed, "audio")
    await viewed.say(1, 0)
    async with asyncio.timeout(40), asyncio.TaskGroup() as group:
        following = [group.create_task(follower.follow()) for follower in (video, audio)]
        while await viewed.say_next():
            await asyncio.wait(following, timeout=0.02)
        await viewed.end()
        await asyncio.gather(*following)
    assert video.missing == audio.missing == []
    for follower in (video, audio):
        assert len(follower.answers) > 12
        assert hls_strict.check(follower.answers) == []
        assert [said for full, delta in follower.deltas for said in hls_strict.check_delta(full, delta)] == []
    assert hls_strict.check_together(video.answers[-1], audio.answers[-1]) == []
    assert await other_parsers.complaints([*video.answers, *audio.answers, await viewed.text("master.m3u8")]) == []


async def test_everybody_who_waits_gets_the_same_answer_at_once(viewed: Viewed) -> None:
    await viewed.say(2, 2)
    await viewed.text("video.m3u8")
    waiting = [
        asyncio.create_task(viewed.get("video.m3u8?_HLS_msn=2&_HLS_part=3", headers={"Accept-Encoding": encoding}))
        for encoding in ["gzip", "identity"] * 20
    ]
    gone = asyncio.create_task(viewed.get("video.m3u8?_HLS_msn=2&_HLS_part=3"))
    assert await still_wait(*waiting)
    gone.cancel()  # one who leaves takes nothing from the others
    await viewed.say(2, 3)
    async with asyncio.timeout(2):
        found = await asyncio.gather(*waiting)
    assert {status for status, _, _ in found} == {200}
    assert len({body for _, body, _ in found}) == 1
    assert {headers["Cache-Control"] for _, _, headers in found} == {"public, max-age=6"}


async def test_a_whole_segment_is_waited_for_too(viewed: Viewed) -> None:
    await viewed.say(1, 3)
    await viewed.text("video.m3u8")
    waiting = asyncio.create_task(viewed.text("video.m3u8?_HLS_msn=1"))
    await viewed.say(1)
    assert await still_wait(waiting)
    await viewed.say(2, 0)
    async with asyncio.timeout(2):
        assert "video/1.m4s" in await waiting


async def test_a_part_behind_the_last_of_a_segment_is_the_first_of_the_next(viewed: Viewed) -> None:
    await viewed.say(1)
    await viewed.text("video.m3u8")
    hinted = asyncio.create_task(viewed.get("video/1.6.m4s"))
    waiting = asyncio.create_task(viewed.text("video.m3u8?_HLS_msn=1&_HLS_part=6"))
    assert await still_wait(waiting, hinted)
    await viewed.say(2, 0)
    async with asyncio.timeout(2):
        assert "video/2.0.m4s" in await waiting
        status, body, headers = await hinted
    assert (status, headers["Cache-Control"]) == (200, "no-store")
    assert body == (await viewed.get("video/2.0.m4s"))[1]


async def test_the_hint_behind_a_full_segment_comes_true(viewed: Viewed) -> None:
    await viewed.say(1)
    assert (await viewed.text("video.m3u8")).count('PRELOAD-HINT:TYPE=PART,URI="video/2.0.m4s"') == 1
    hinted = asyncio.create_task(viewed.get("video/2.0.m4s"))
    assert await still_wait(hinted)
    await viewed.say(2, 0)
    async with asyncio.timeout(2):
        assert (await hinted)[0] == 200


async def test_before_the_first_segment_a_viewer_waits_for_it(viewed: Viewed) -> None:
    await viewed.say(0, 1)
    master = asyncio.create_task(viewed.text("master.m3u8"))
    playlist = asyncio.create_task(viewed.text("video.m3u8"))
    assert await still_wait(master, playlist)
    await viewed.say(1, 0)
    async with asyncio.timeout(4):
        assert "#EXTINF" in await playlist
        assert 'AUDIO="opus"' in await master


@pytest.mark.parametrize("name", ["video.m3u8", "master.m3u8"])
async def test_what_is_known_is_not_sent_again(viewed: Viewed, name: str) -> None:
    await viewed.say(2, 2)
    _, _, headers = await viewed.get(name)
    status, body, _ = await viewed.get(name, headers={"If-None-Match": headers["ETag"]})
    assert (status, body) == (304, b"")
    await viewed.say(3, 0)
    status, body, later = await viewed.get(
        "video.m3u8?_HLS_msn=3&_HLS_part=0", headers={"If-None-Match": headers["ETag"]}
    )
    assert status == 200
    assert later["ETag"] != headers["ETag"]


async def test_an_ended_playlist_may_be_kept(viewed: Viewed) -> None:
    await viewed.say(9)
    await viewed.end()
    assert "video/3.m4s" in await viewed.until_ended()
    assert (await viewed.get("video.m3u8"))[2]["Cache-Control"] == "public, max-age=60"
    async with asyncio.timeout(2):
        assert "#EXT-X-ENDLIST" in await viewed.text("video.m3u8?_HLS_msn=900&_HLS_part=0")


async def test_head_and_options(viewed: Viewed) -> None:
    await viewed.say(2, 2)
    for path in ("video.m3u8", "video/0.m4s", "video/1.0.m4s", "video/init-0.mp4"):
        status, whole, headers = await viewed.get(path, headers={"Accept-Encoding": "identity"})
        found, body, again = await viewed.get(path, "HEAD", headers={"Accept-Encoding": "identity"})
        assert (status, found, body) == (200, 200, b"")
        assert int(again["Content-Length"]) == len(whole)
        assert headers["Access-Control-Allow-Origin"] == "*"
    status, _, headers = await viewed.get("video.m3u8", "OPTIONS")
    assert status == 204
    assert "GET" in headers["Access-Control-Allow-Methods"]
    status, _, headers = await viewed.get("video.m3u8", "DELETE")
    assert (status, headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
