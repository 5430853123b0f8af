from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
from nats.aio.client import Client as Nats
from obstore.store import LocalStore

from actors.streaming import actor as streaming
from gateways.http import signing, token
from schemas.ids import RecordingId, is_id
from tests.gateways.api.conftest import SECRET, door
from tests.servers import until

BASE = "/api/v1/recordings"


async def call(api: aiohttp.ClientSession, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    async with api.request(method, path, json=body) as response:
        return response.status, await response.json() if response.content_length else None


async def started(api: aiohttp.ClientSession, **words: Any) -> dict[str, Any]:
    status, view = await call(api, "POST", BASE, words)
    assert status == 201
    return dict(view)


async def test_starting_one_says_all_that_is_needed_to_send_and_watch(api: aiohttp.ClientSession) -> None:
    async with api.post(BASE, json={"title": "Demo", "recording_type": "screen_webcam"}) as response:
        view = await response.json()
        assert response.status == 201
        assert response.headers["Location"] == f"{BASE}/{view['id']}"
    origin = str(response.url.origin())
    assert is_id(view["id"])
    assert (view["status"], view["title"], view["recording_type"]) == ("preparing", "Demo", "screen_webcam")
    assert view["whip_url"] == f"{origin}/whip/{view['id']}"
    assert view["watch_url"] == f"{origin}/watch/{view['id']}"
    signed, _, rest = view["hls_url"].removeprefix(f"{origin}{signing.PREFIX}").partition("/")
    assert rest == f"hls/{view['id']}/master.m3u8"
    known = signing.verify(SECRET, view["id"], signed)
    assert known
    assert known.expires_at == datetime.fromisoformat(view["links_expire_at"]).timestamp()
    assert token.verify(SECRET, view["id"], view["whip_token"])


async def test_only_the_answer_to_starting_carries_the_token(api: aiohttp.ClientSession) -> None:
    view = await started(api)
    _, again = await call(api, "GET", f"{BASE}/{view['id']}")
    assert "whip_token" not in again
    assert again == {name: value for name, value in view.items() if not name.startswith("whip_")}


async def test_links_are_as_the_proxy_in_front_says(api: aiohttp.ClientSession) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "loom.example"}
    async with api.post(BASE, json={}, headers=headers) as response:
        view = await response.json()
    assert view["watch_url"] == f"https://loom.example/watch/{view['id']}"


async def test_words_are_changed_and_kept(api: aiohttp.ClientSession) -> None:
    path = f"{BASE}/{(await started(api, title='Old', description='Why'))['id']}"
    status, changed = await call(api, "PUT", path, {"title": "New"})
    assert (status, changed["title"], changed["description"]) == (200, "New", "Why")
    assert (await call(api, "GET", path))[1] == changed


async def test_control_says_how_it_is_now(api: aiohttp.ClientSession, connect_source: Any) -> None:
    view = await started(api)
    await connect_source(RecordingId(view["id"]))
    seen = []
    for action in ("pause", "pause", "resume", "stop", "stop"):
        status, view = await call(api, "POST", f"{BASE}/{view['id']}/control", {"action": action})
        seen.append((status, view["status"]))
    assert seen == [(200, "paused"), (200, "paused"), (200, "recording"), (200, "processing"), (200, "processing")]


async def test_what_cannot_be_now_is_a_conflict(api: aiohttp.ClientSession) -> None:
    view = await started(api)
    status, problem = await call(api, "POST", f"{BASE}/{view['id']}/control", {"action": "pause"})
    assert (status, problem["status"], problem["title"]) == (409, 409, "Conflict")
    assert "nothing to pause" in problem["detail"]


async def test_a_deleted_recording_is_gone(api: aiohttp.ClientSession) -> None:
    path = f"{BASE}/{(await started(api))['id']}"
    assert await call(api, "DELETE", path) == (204, None)
    answers = [
        await call(api, method, where, body)
        for method, where, body in (
            ("GET", path, None),
            ("DELETE", path, None),
            ("PUT", path, {"title": "New"}),
            ("POST", f"{path}/control", {"action": "stop"}),
        )
    ]
    assert [status for status, _ in answers] == [410] * 4


async def test_the_list_goes_page_by_page_newest_first(api: aiohttp.ClientSession) -> None:
    made = [(await started(api, title=f"No. {number}"))["id"] for number in range(5)]

    async def listed() -> bool:
        return len((await call(api, "GET", BASE))[1]["recordings"]) == 5

    await until(listed)
    found: list[str] = []
    cursor = ""
    for _ in range(3):
        _, page = await call(api, "GET", f"{BASE}?limit=2&cursor={cursor}")
        found += [view["id"] for view in page["recordings"]]
        cursor = page["next_cursor"]
    assert found == made[::-1]
    assert cursor == ""
    assert all("whip_token" not in view and view["watch_url"] for view in page["recordings"])


async def test_templates_are_kept_and_listed(api: aiohttp.ClientSession) -> None:
    body = {"name": "Mine", "description": "", "settings": {"fps": 60}, "is_default": True}
    status, made = await call(api, "POST", f"{BASE}/templates", body)
    assert status == 201
    assert {name: made[name] for name in body} == body

    async def listed() -> bool:
        return (await call(api, "GET", f"{BASE}/templates")) == (200, {"templates": [made]})

    await until(listed)


async def test_every_answer_carries_the_request_s_id(api: aiohttp.ClientSession) -> None:
    async with api.get(BASE, headers={"X-Request-Id": "mine-1"}) as response:
        assert response.headers["X-Request-Id"] == "mine-1"
    async with api.get(f"{BASE}/nothing") as response:
        assert len(response.headers["X-Request-Id"]) == 32
    async with api.get(BASE, headers={"X-Request-Id": "x" * 1000}) as response:
        assert len(response.headers["X-Request-Id"]) == 32


async def test_behind_a_cdn_only_media_is_read_there(nats_client: Nats, service: None, pages: Path) -> None:  # noqa: ARG001
    async with door(nats_client, pages, media_url="https://cdn.example/loom/") as api:
        view = await started(api)
    assert view["hls_url"].startswith(f"https://cdn.example/loom{signing.PREFIX}")
    assert view["poster_url"].startswith(f"https://cdn.example/loom{signing.PREFIX}")
    assert "cdn" not in view["watch_url"] + view["whip_url"]


async def test_how_long_recordings_are_kept_is_told_and_set(
    api: aiohttp.ClientSession, nats_client: Nats, tmp_path: Path
) -> None:
    path = "/api/v1/workspaces/current/retention"
    async with streaming.running(nats_client, LocalStore(tmp_path / "objects", mkdir=True)):
        for days in (30, None):
            status, view = await call(api, "PUT", path, {"keep_days": days})
            assert (status, view["keep_days"]) == (200, days)
            assert await call(api, "GET", path) == (200, view)
        for body in ({"keep_days": 0}, {"days": 1}, {}):
            assert (await call(api, "PUT", path, body))[0] == 400
