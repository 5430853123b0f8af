from pathlib import Path
from typing import Any

import aiohttp
import pytest

from schemas.ids import RecordingId, new_id
from tests.gateways.api.test_recordings import BASE, call, started


async def watch(api: aiohttp.ClientSession, recording_id: str) -> tuple[int, str]:
    async with api.get(f"/watch/{recording_id}") as response:
        assert response.content_type == "text/html"
        return response.status, await response.text()


@pytest.mark.parametrize(("path", "title"), [("/", "index"), ("/record", "record")])
async def test_the_pages_are_served(api: aiohttp.ClientSession, path: str, title: str) -> None:
    async with api.get(path) as response:
        assert response.status == 200
        assert f"<title>{title}</title>" in await response.text()
        assert response.headers["Cache-Control"] == "no-cache"


async def test_a_live_link_unfurls_as_recording_now(api: aiohttp.ClientSession, connect_source: Any) -> None:
    view = await started(api, title="Demo")
    await connect_source(RecordingId(view["id"]))
    status, text = await watch(api, view["id"])
    assert status == 200
    assert '<meta property="og:title" content="Demo">' in text
    assert '<meta property="og:description" content="Recording now' in text
    assert f'<meta property="og:url" content="{view["watch_url"]}">' in text
    assert f'<meta property="og:image" content="{view["poster_url"]}">' in text


async def test_a_finished_link_unfurls_as_what_it_is_about(api: aiohttp.ClientSession, connect_source: Any) -> None:
    view = await started(api, title="Demo", description="How it works")
    await connect_source(RecordingId(view["id"]))
    await call(api, "POST", f"{BASE}/{view['id']}/control", {"action": "stop"})
    _, text = await watch(api, view["id"])
    assert '<meta property="og:description" content="How it works">' in text


async def test_a_title_cannot_break_out_of_the_page(api: aiohttp.ClientSession) -> None:
    view = await started(api, title='"><script>alert(1)</script>', description="'><b>")
    _, text = await watch(api, view["id"])
    assert "<script>" not in text
    assert 'content="&quot;&gt;&lt;script&gt;' in text


async def test_a_link_that_leads_nowhere_says_so(api: aiohttp.ClientSession) -> None:
    deleted = await started(api, title="Private")
    await call(api, "DELETE", f"{BASE}/{deleted['id']}")
    statuses = [(await watch(api, one))[0] for one in (new_id(), "nothing", deleted["id"])]
    assert statuses == [404, 404, 410]
    assert "Private" not in (await watch(api, deleted["id"]))[1]


async def test_hashed_files_are_kept_for_ever(api: aiohttp.ClientSession) -> None:
    async with api.get("/assets/watch-1a2b3c.js") as response:
        assert response.status == 200
        assert "immutable" in response.headers["Cache-Control"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_built_files_go_out_compressed_to_who_accepts_it(api: aiohttp.ClientSession) -> None:
    url = "/assets/watch-1a2b3c.js"
    for accepted, encoding in (("gzip", "gzip"), ("identity", None)):
        async with api.get(url, headers={"Accept-Encoding": accepted}) as response:
            assert (response.status, await response.text()) == (200, "export {}")
            assert response.headers.get("Content-Encoding") == encoding
            assert response.content_type.endswith("/javascript")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret",
        "/%2e%2e/secret",
        "/assets/..%2f..%2f..%2fsecret",
        "/..%5csecret",
        "/assets",
        "/%00",
        "/" + "a" * 3000,
        "/nothing",
    ],
)
async def test_nothing_outside_the_pages_is_served(api: aiohttp.ClientSession, path: str) -> None:
    from yarl import URL  # noqa: PLC0415

    async with api.get(URL(str(api._base_url).rstrip("/") + path, encoded=True)) as response:
        assert response.status == 404
        assert "not for everybody" not in await response.text()


async def test_without_built_pages_it_says_what_to_do(api: aiohttp.ClientSession, pages: Path) -> None:
    (pages / "index.html").unlink()
    async with api.get("/") as response:
        assert "make up" in await response.text()
