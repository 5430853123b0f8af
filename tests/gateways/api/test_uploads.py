"""A file becomes a recording, however often the way there breaks: tus 1.0.0, spoken by hand and by a stranger's client."""

import asyncio
import base64
import hashlib
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from nats.aio.client import Client as Nats
from obstore.store import LocalStore
from tusclient.client import TusClient
from yarl import URL

from actors.outside.uploads import PIECE_BYTES, Uploads
from gateways.api.uploads import BASE
from schemas.ids import new_id
from schemas.upload import Upload
from tests.gateways.api.conftest import door
from tests.servers import NatsServer, free_port, until

TUS = {"Tus-Resumable": "1.0.0"}
OCTETS = TUS | {"Content-Type": "application/offset+octet-stream"}
MOST = 64 << 20
FILE = random.Random(7).randbytes(PIECE_BYTES + 300_000)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "objects", mkdir=True)


@pytest.fixture
async def http(
    nats_client: Nats,
    service: None,  # noqa: ARG001
    pages: Path,
    store: LocalStore,
) -> AsyncIterator[aiohttp.ClientSession]:
    async with door(nats_client, pages, store=store, most_upload_bytes=MOST) as found:
        yield found


def told(name: str) -> dict[str, str]:
    return {"Upload-Metadata": f"filename {base64.b64encode(name.encode()).decode()},is_private"}


async def created(http: aiohttp.ClientSession, length: int, name: str = "My film.mp4") -> str:
    async with http.post(BASE, headers=TUS | {"Upload-Length": str(length)} | told(name)) as response:
        assert response.status == 201
        assert response.headers["Upload-Offset"] == "0"
        return URL(response.headers["Location"]).path


async def sent(
    http: aiohttp.ClientSession, path: str, offset: int, data: Any, **headers: str
) -> aiohttp.ClientResponse:
    async with http.patch(path, data=data, headers=OCTETS | {"Upload-Offset": str(offset)} | headers) as response:
        return response


async def offset_of(http: aiohttp.ClientSession, path: str) -> int:
    async with http.head(path, headers=TUS) as response:
        assert response.status == 200
        assert response.headers["Cache-Control"] == "no-store"
        return int(response.headers["Upload-Offset"])


async def kept(store: LocalStore, path: str) -> bytes:
    found = await Uploads(store).find(path.rpartition("/")[2])
    return b"".join([bytes(await (await store.get_async(piece.path)).bytes_async()) for piece in found.pieces])


async def recording(http: aiohttp.ClientSession, path: str) -> dict[str, Any]:
    async with http.get(path.replace("uploads", "recordings")) as response:
        return dict(await response.json()) | {"http": response.status}


async def test_a_file_in_pieces_becomes_a_recording_of_the_same_id(
    http: aiohttp.ClientSession, store: LocalStore
) -> None:
    path = await created(http, len(FILE))
    for at in range(0, len(FILE), 1_000_000):
        assert (await recording(http, path))["http"] == 404
        answer = await sent(http, path, at, FILE[at : at + 1_000_000])
        assert answer.status == 204
        assert int(answer.headers["Upload-Offset"]) == min(at + 1_000_000, len(FILE))
    found = await recording(http, path)
    assert (found["title"], found["recording_type"], found["status"]) == ("My film", "import", "preparing")
    assert found["settings"] == {"file_name": "My film.mp4", "file_size_bytes": len(FILE)}
    assert await kept(store, path) == FILE


async def test_a_strangers_client_uploads_and_resumes(
    http: aiohttp.ClientSession, store: LocalStore, tmp_path: Path
) -> None:
    film = tmp_path / "a film.webm"
    film.write_bytes(FILE)
    url = str(http._base_url).rstrip("/") + BASE

    def upload(stop_at: int | None, known: str | None) -> str:
        uploader = TusClient(url).uploader(
            str(film), chunk_size=900_000, url=known, metadata={"filename": film.name}, upload_checksum=True
        )
        uploader.upload(stop_at=stop_at)
        return str(uploader.url)

    location = await asyncio.to_thread(upload, 2_000_000, None)
    path = URL(location).path
    assert 2_000_000 <= await offset_of(http, path) < len(FILE)
    assert await asyncio.to_thread(upload, None, location) == location
    assert await kept(store, path) == FILE
    assert (await recording(http, path))["title"] == "a film"


async def test_what_came_before_a_connection_broke_is_kept(http: aiohttp.ClientSession, store: LocalStore) -> None:
    path = await created(http, len(FILE))

    async def slowly() -> AsyncIterator[bytes]:
        for at in range(0, PIECE_BYTES + 100_000, 100_000):
            yield FILE[at : at + 100_000]
        await asyncio.Event().wait()

    async def is_kept() -> bool:
        return (await Uploads(store).find(path.rpartition("/")[2])).offset >= PIECE_BYTES

    sending = asyncio.create_task(sent(http, path, 0, slowly()))
    await until(is_kept)
    sending.cancel()
    await asyncio.wait([sending])
    at = await offset_of(http, path)
    assert at >= PIECE_BYTES
    assert (await sent(http, path, at, FILE[at:])).status == 204
    assert await kept(store, path) == FILE


async def test_a_newer_request_takes_the_place_of_one_whose_client_has_gone(
    http: aiohttp.ClientSession, store: LocalStore
) -> None:
    path = await created(http, len(FILE))
    hanging = asyncio.Event()

    async def hangs() -> AsyncIterator[bytes]:
        yield FILE[:500_000]
        hanging.set()
        await asyncio.Event().wait()

    before = asyncio.create_task(sent(http, path, 0, hangs()))
    await asyncio.wait_for(hanging.wait(), 10)

    async def is_taken() -> bool:
        at = await offset_of(http, path)
        return (await sent(http, path, at, FILE[at:])).status == 204

    await until(is_taken)
    before.cancel()
    await asyncio.wait([before])
    assert await kept(store, path) == FILE


@asynccontextmanager
async def process(server: NatsServer, folder: Path, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """The door alone; killed at the end."""
    module = "tests.gateways.api.api_process"
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, server.url, str(folder), str(port)), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert started.stdout
        assert await asyncio.wait_for(started.stdout.readline(), 20) == b"ready\n"
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


async def test_nothing_that_was_answered_for_is_lost_when_the_door_is_killed(
    nats_server: NatsServer,
    service: None,  # noqa: ARG001
    tmp_path: Path,
) -> None:
    folder, port = tmp_path / "objects", free_port()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
        async with process(nats_server, folder, port) as killed:
            path = await created(client, len(FILE))
            promised = int((await sent(client, path, 0, FILE[:1_500_000])).headers["Upload-Offset"])

            async def endless() -> AsyncIterator[bytes]:
                yield FILE[promised : promised + 700_000]
                killed.kill()
                await asyncio.Event().wait()

            with pytest.raises(aiohttp.ClientError):
                await sent(client, path, promised, endless())
        async with process(nats_server, folder, port):
            at = await offset_of(client, path)
            assert at >= promised == 1_500_000
            assert (await sent(client, path, at, FILE[at:])).status == 204
            assert (await recording(client, path))["status"] == "preparing"
    assert await kept(LocalStore(folder), path) == FILE


async def test_whoever_asks_after_a_whole_file_whose_door_died_brings_it_to_life(
    http: aiohttp.ClientSession, store: LocalStore
) -> None:
    about = Upload(new_id(), 4, "four.mp4", "", datetime.now(UTC))
    uploads = Uploads(store)
    await uploads.create(about)
    await uploads.add(about.id, 0, b"four")
    path = f"{BASE}/{about.id}"
    assert (await recording(http, path))["http"] == 404
    assert await offset_of(http, path) == 4
    assert (await recording(http, path))["title"] == "four"


async def test_a_checksum_is_believed_only_when_it_is_right(http: aiohttp.ClientSession, store: LocalStore) -> None:
    path = await created(http, len(FILE))
    right = "sha1 " + base64.b64encode(hashlib.sha1(FILE[:1000]).digest()).decode()
    wrong = await sent(http, path, 0, FILE[1:1001], **{"Upload-Checksum": right})
    assert (wrong.status, await offset_of(http, path)) == (460, 0)
    assert (await sent(http, path, 0, FILE[:1000], **{"Upload-Checksum": "crc9 AAAA"})).status == 400
    assert (await sent(http, path, 0, FILE[:1000], **{"Upload-Checksum": right})).status == 204
    assert await kept(store, path) == FILE[:1000]


async def test_a_file_may_come_with_its_creation(http: aiohttp.ClientSession, store: LocalStore) -> None:
    async with http.post(BASE, headers=OCTETS | {"Upload-Length": "10"}, data=b"01234") as response:
        assert (response.status, response.headers["Upload-Offset"]) == (201, "5")
        path = URL(response.headers["Location"]).path
    assert (await sent(http, path, 5, b"56789")).status == 204
    assert await kept(store, path) == b"0123456789"


async def test_what_tus_offers_is_told(http: aiohttp.ClientSession) -> None:
    async with http.options(BASE) as response:
        assert response.status == 204
        assert response.headers["Tus-Version"] == "1.0.0"
        assert response.headers["Tus-Max-Size"] == str(MOST)
        assert "termination" in response.headers["Tus-Extension"]


async def test_a_file_that_the_disk_has_no_room_for_is_refused_before_it_is_sent(
    nats_client: Nats, pages: Path, store: LocalStore
) -> None:
    ten = TUS | {"Upload-Length": "10"}
    async with (
        door(nats_client, pages, store=store, reserve_bytes=1 << 60) as full,
        full.post(BASE, headers=ten) as response,
    ):
        assert response.status == 507
        assert "not enough room" in (await response.json())["detail"]


async def test_a_file_that_is_given_up_is_gone(http: aiohttp.ClientSession, store: LocalStore) -> None:
    path = await created(http, 10)
    await sent(http, path, 0, b"12345")
    async with http.delete(path, headers=TUS) as response:
        assert response.status == 204
    async with http.head(path, headers=TUS) as response:
        assert response.status == 404
    assert await Uploads(store).known() == []


async def test_an_unfinished_upload_expires_and_says_when(http: aiohttp.ClientSession, store: LocalStore) -> None:
    path = await created(http, 10)
    answer = await sent(http, path, 0, b"12345")
    expires = parsedate_to_datetime(answer.headers["Upload-Expires"])
    uploads = Uploads(store)
    assert await uploads.sweep(expires - timedelta(minutes=1)) == []
    assert await uploads.sweep(expires + timedelta(minutes=1)) == [path.rpartition("/")[2]]
    assert await uploads.known() == []


async def test_what_cannot_be_meant_is_refused(http: aiohttp.ClientSession) -> None:
    path = await created(http, 10)
    for method, where, headers, data, status in (
        ("POST", BASE, {"Upload-Length": "10"}, None, 412),
        ("POST", BASE, TUS, None, 400),
        ("POST", BASE, TUS | {"Upload-Length": "-1"}, None, 400),
        ("POST", BASE, TUS | {"Upload-Length": "9" * 30}, None, 400),
        ("POST", BASE, TUS | {"Upload-Length": str(MOST + 1)}, None, 413),
        ("POST", BASE, TUS | {"Upload-Length": "1", "Upload-Metadata": "filename ***"}, None, 400),
        ("PATCH", path, TUS | {"Upload-Offset": "0"}, b"1", 415),
        ("PATCH", path, OCTETS, b"1", 400),
        ("PATCH", path, OCTETS | {"Upload-Offset": "5"}, b"1", 409),
        ("PATCH", path, OCTETS | {"Upload-Offset": "0"}, b"12345678901", 413),
        ("PATCH", f"{BASE}/{new_id()}", OCTETS | {"Upload-Offset": "0"}, b"1", 404),
        ("PATCH", f"{BASE}/..%2f..%2fx", OCTETS | {"Upload-Offset": "0"}, b"1", 404),
    ):
        async with http.request(method, where, headers=headers, data=data) as response:
            assert response.status == status, (method, where, headers, await response.text())
            assert response.headers["Tus-Resumable"] == "1.0.0"
    assert await offset_of(http, path) == 0


async def test_a_name_is_only_a_name(http: aiohttp.ClientSession) -> None:
    path = await created(http, 1, "../../etc/\x00<b>passwd\n" + "x" * 900)
    await sent(http, path, 0, b"1")
    title = (await recording(http, path))["title"]
    assert title.startswith("<b>passwd") and len(title) <= 200  # the page shows text as text
