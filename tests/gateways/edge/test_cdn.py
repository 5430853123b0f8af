"""The nginx of docs/cdn.md: one copy for all tokens, and none for who may not."""

import asyncio
import os
import re
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from gateways.http import signing
from schemas.ids import new_id
from tests.gateways.edge.given import Viewed, viewing
from tests.servers import free_port, until

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
RECIPE = Path(__file__).parents[3] / "docs" / "cdn.md"
SECRET = b"a secret for tests"
LATER = 4_000_000_000

pytestmark = pytest.mark.skipif(NGINX is None, reason="there is no nginx here")


@asynccontextmanager
async def cache(folder: Path, upstream: str) -> AsyncIterator[str]:
    """As the document says, with ports and folders of our own."""
    found = re.search(r"```nginx\n(.*?)```", RECIPE.read_text(), re.DOTALL)
    assert found
    port = free_port()
    text = found[1].replace("127.0.0.1:8080", upstream.removeprefix("http://"))
    text = text.replace("listen 8081", f"listen 127.0.0.1:{port}").replace("/var/cache/nginx", str(folder))
    places = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.getuid() == 0 else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"daemon off; {user} worker_processes 1; pid {folder}/pid; events {{}}\nhttp {{ access_log off; {places}\n{text}}}\n"
    )
    process = await asyncio.create_subprocess_exec(
        *(str(NGINX), "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(configuration))
    )
    try:
        await until(lambda: _listens(port))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@pytest_asyncio.fixture
async def cached(tmp_path: Path) -> AsyncIterator[tuple[Viewed, str]]:
    async with viewing(tmp_path, secret=SECRET) as (_, viewed):
        (tmp_path / "nginx").mkdir()
        await viewed.say(2)
        async with cache(tmp_path / "nginx", viewed.url) as url:
            yield viewed, url


def path(recording_id: str, rest: str, expires_at: int = LATER) -> str:
    return signing.path(SECRET, recording_id, expires_at, rest)


async def asked(http: aiohttp.ClientSession, url: str) -> tuple[int, str, bytes]:
    async with http.get(url) as response:
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        return response.status, response.headers.get("X-Cache", ""), await response.read()


async def test_one_copy_is_for_all_tokens_and_no_other(cached: tuple[Viewed, str]) -> None:
    viewed, url = cached
    first = await asked(viewed.http, url + path(viewed.id, "video/0.m4s"))
    assert first[:2] == (200, "MISS")
    assert await asked(viewed.http, url + path(viewed.id, "video/0.m4s", LATER + 1)) == (200, "HIT", first[2])
    refused = {
        "expired": path(viewed.id, "video/0.m4s", int(time.time()) - 1),
        "another's": path(new_id(), "").rpartition("/hls/")[0] + f"/hls/{viewed.id}/video/0.m4s",
    }
    for why, tried in refused.items():
        status, _, body = await asked(viewed.http, url + tried)
        assert (status, b"detail" in body) == (403, True), why


async def test_many_who_wait_for_the_same_part_are_one_at_the_edge(cached: tuple[Viewed, str]) -> None:
    viewed, url = cached
    reloads = [
        asyncio.create_task(asked(viewed.http, url + path(viewed.id, "video.m3u8?_HLS_msn=3&_HLS_part=0", LATER + n)))
        for n in range(5)
    ]
    assert not (await asyncio.wait(reloads, timeout=0.5))[0]
    await viewed.say(3, 0)
    answers = await asyncio.gather(*reloads)
    assert {status for status, _, _ in answers} == {200}
    assert sorted(how for _, how, _ in answers) == ["HIT"] * 4 + ["MISS"]
    assert len({body for _, _, body in answers}) == 1


async def test_a_live_playlist_is_never_old(cached: tuple[Viewed, str]) -> None:
    viewed, url = cached
    before = await asked(viewed.http, url + path(viewed.id, "video.m3u8"))
    await viewed.say(3, 2)
    after = await asked(viewed.http, url + path(viewed.id, "video.m3u8"))
    assert (before[0], after[0]) == (200, 200)
    assert before[2] != after[2]
