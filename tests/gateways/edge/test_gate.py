"""A leaked link dies: what is not signed for the recording, or was and has expired, is refused with a sentence."""

import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from yarl import URL

from gateways.edge.gate import REMEMBERED, Gate
from gateways.edge.request import Request
from gateways.http import signing
from gateways.http.signing import Scope
from schemas.ids import new_id
from subjects import objects
from tests.gateways.edge.given import Viewed, viewing
from tests.servers import until

SECRET = b"a secret for tests"
LATER = 4_000_000_000


@pytest.fixture
async def signed(tmp_path: Path) -> AsyncIterator[Viewed]:
    async with viewing(tmp_path, secret=SECRET) as (_, found):
        await found.say(1)
        await found.store.put_async(objects.poster(found.id), b"a picture")
        yield found


async def asked(viewed: Viewed, path: str, method: str = "GET") -> tuple[int, str, str]:
    """Status, type and, of a refusal, its sentence."""
    async with viewed.http.request(method, viewed.url + path) as response:
        is_problem = response.content_type == "application/problem+json"
        return response.status, response.content_type, (await response.json())["detail"] if is_problem else ""


def path(recording_id: str, rest: str, *, until: int = LATER, scope: Scope = Scope.ALL) -> str:
    return signing.path(SECRET, recording_id, until, rest, scope)


async def test_what_a_signed_playlist_lists_is_read_under_the_same_token(signed: Viewed) -> None:
    url = URL(signed.url + path(signed.id, "master.m3u8"))
    async with signed.http.get(url) as response:
        media = url.join(URL((await response.text()).splitlines()[-1]))
    async with signed.http.get(media) as response:
        listed = re.findall('URI="(.*?)"', await response.text())
    for uri in listed[:-2]:
        async with signed.http.get(media.join(URL(uri))) as response:
            assert response.status == 200, uri
    assert len(listed) > 4


async def test_expired_foreign_tampered_and_plain_paths_are_refused_with_a_sentence(signed: Viewed) -> None:
    good = path(signed.id, "video.m3u8")
    token = good.split("/")[2]
    refused = {
        "expired": path(signed.id, "video.m3u8", until=int(time.time()) - 1),
        "other recording's": f"{path(new_id(), '').rpartition('/hls/')[0]}/hls/{signed.id}/video.m3u8",
        "tampered": good.replace(token, token[:-1] + ("A" if token[-1] != "A" else "B")),
        "made longer": good.replace(token, "_" + token[1:]),
        "cut off": good.replace(token, token[:-4]),
        "plain": f"/hls/{signed.id}/video.m3u8",
        "another's secret": signing.path(b"another", signed.id, LATER, "video.m3u8"),
    }
    for why, tried in refused.items():
        status, kind, sentence = await asked(signed, tried)
        assert (status, kind) == (403, "application/problem+json"), why
        assert sentence.endswith("."), why
    assert "expired" in (await asked(signed, refused["expired"]))[2]
    assert (await asked(signed, good))[0] == 200


async def test_one_that_was_good_dies_at_its_time(signed: Viewed) -> None:
    soon = path(signed.id, "video/init-0.mp4", until=int(time.time()) + 2)
    assert (await asked(signed, soon))[0] == 200

    async def is_dead() -> bool:
        return (await asked(signed, soon))[0] == 403

    await until(is_dead, 5)


async def test_a_link_to_the_picture_shows_the_picture_only(signed: Viewed) -> None:
    assert (await asked(signed, path(signed.id, "poster.jpg", scope=Scope.PICTURE)))[:2] == (200, "image/jpeg")
    for rest in ("video.m3u8", "master.m3u8", "video/0.m4s", "poster.jpg/../video.m3u8", "video.m3u8?poster.jpg"):
        picture = path(signed.id, "poster.jpg", scope=Scope.PICTURE).removesuffix("poster.jpg") + rest
        assert (await asked(signed, picture))[0] == 403, rest


async def test_a_cdn_may_ask_whether_a_link_is_good(signed: Viewed) -> None:
    assert (await asked(signed, path(signed.id, "")))[0] == 204
    assert (await asked(signed, path(signed.id, "", scope=Scope.PICTURE)))[0] == 204
    assert (await asked(signed, path(signed.id, "", until=1)))[0] == 403


async def test_refusals_and_preflights_can_be_read_from_other_pages(signed: Viewed) -> None:
    for method, tried, status in (
        ("GET", path(signed.id, "video.m3u8", until=1), 403),
        ("OPTIONS", path(signed.id, "video.m3u8"), 204),
        ("OPTIONS", f"/hls/{signed.id}/video.m3u8", 204),
    ):
        async with signed.http.request(method, signed.url + tried) as response:
            assert (response.status, response.headers["Access-Control-Allow-Origin"]) == (status, "*")


async def test_where_plain_paths_are_allowed_both_do(tmp_path: Path) -> None:
    async with viewing(tmp_path, secret=SECRET, plain_paths=True) as (_, viewed):
        await viewed.say(1)
        assert (await asked(viewed, f"/hls/{viewed.id}/video.m3u8"))[0] == 200
        assert (await asked(viewed, path(viewed.id, "video.m3u8")))[0] == 200
        assert (await asked(viewed, path(viewed.id, "video.m3u8", until=1)))[0] == 403


def test_what_it_remembers_is_bounded() -> None:
    gate = Gate(SECRET, plain=False)
    for number in range(REMEMBERED + 10):
        assert gate.admit(Request("GET", path("abc", "x.m3u8", until=LATER + number), ())) is None
    assert len(gate._known) <= REMEMBERED
