import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import obstore
import pytest
from nats.aio.client import Client
from obstore.store import LocalStore

from actors.outside import storage
from actors.streaming.archiver import Archiver
from actors.streaming.retention import Retention
from actors.streaming.sample_tables import SampleTables
from schemas.ids import new_id
from schemas.media import AUDIO, VIDEO
from subjects import media, objects
from subjects.consumers import ARCHIVER
from subjects.streams import MEDIA
from tests.actors.media_given import DEADLINE_S, NatsServer, Source, connected, provision, segment_bytes, until
from tests.replicas import Replica


async def never_seal(recording_id: str) -> int:
    raise AssertionError(f"{recording_id} has not ended")


@asynccontextmanager
async def archiving(
    client: Client, store: LocalStore, seal: Callable[[str], Awaitable[int]] = never_seal
) -> AsyncIterator[Archiver]:
    archiver = Archiver(client, store, Retention(client, store, 300.0), SampleTables(store), seal)
    task = asyncio.create_task(archiver.run())
    try:
        yield archiver
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def stored(store: LocalStore, path: str, data: bytes) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        try:
            found = await obstore.get_async(store, path)
        except FileNotFoundError:
            return False
        return bytes(await found.bytes_async()) == data

    return holds


def acknowledged(client: Client, left: int) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        info = await client.jetstream().consumer_info(ARCHIVER.stream, ARCHIVER.name)
        return (info.num_ack_pending or 0) + (info.num_pending or 0) == left

    return holds


async def test_a_segment_is_stored_when_the_next_begins_and_then_acknowledged(
    client: Client, store: LocalStore
) -> None:
    source = Source(client, new_id())
    async with archiving(client, store):
        await source.init()
        await source.segments(0, 1)
        await source.part(2, 0)
        await until(stored(store, objects.segment(source.recording_id, VIDEO, 1), segment_bytes(VIDEO, 1)))
        assert await stored(store, objects.segment(source.recording_id, VIDEO, 0), segment_bytes(VIDEO, 0))()
        assert await stored(store, objects.init(source.recording_id, VIDEO, 0), b"init")()
        await until(acknowledged(client, left=1))
    assert not await stored(store, objects.segment(source.recording_id, VIDEO, 2), segment_bytes(VIDEO, 2, 1))()


async def test_an_init_is_stored_also_when_a_replica_is_behind(
    client: Client, store: LocalStore, replica: Replica
) -> None:
    source = Source(client, new_id())
    replica.falls_behind(MEDIA, at=1)
    async with archiving(client, store):
        await source.init()
        await until(acknowledged(client, left=0))
    assert await stored(store, objects.init(source.recording_id, VIDEO, 0), b"init")()


async def test_an_end_that_cannot_be_read_yet_is_sealed_later(client: Client, store: LocalStore) -> None:
    source = Source(client, new_id())
    sealed = iter((0, 0, 2))

    async def seal(_: str) -> int:
        return next(sealed)

    async with archiving(client, store, seal):
        await source.part(0, 0)
        await source.end()
        await until(acknowledged(client, left=0))
    assert list(sealed) == []


async def test_an_end_that_was_purged_meanwhile_is_over(client: Client, store: LocalStore) -> None:
    source = Source(client, new_id())

    async def purge(recording_id: str) -> int:
        await client.jetstream().purge_stream(MEDIA.name, subject=media.recording(recording_id))
        return 0

    async with archiving(client, store, purge) as archiver:
        await source.end()
        await until(acknowledged(client, left=0))
        await until(lambda: _seals(archiver, 0))


async def _seals(archiver: Archiver, recordings: int) -> bool:
    return archiver.statistics()["sealing"] == recordings


async def test_many_renditions_and_recordings_do_not_mix(client: Client, store: LocalStore) -> None:
    sources = [Source(client, new_id()) for _ in range(4)]
    async with archiving(client, store):
        for number in range(3):
            for source in sources:
                await source.segments(number, number, VIDEO)
                await source.segments(number, number, AUDIO)
        for source in sources:
            for rendition in (VIDEO, AUDIO):
                for number in range(2):
                    path = objects.segment(source.recording_id, rendition, number)
                    await until(stored(store, path, segment_bytes(rendition, number)))


async def test_a_pause_does_not_keep_a_segment_from_storage(
    client: Client, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.streaming.segments.IDLE_S", 0.5)
    source = Source(client, new_id())
    path = objects.segment(source.recording_id, VIDEO, 0)
    async with archiving(client, store):
        await source.part(0, 0)
        await source.part(0, 1)
        await until(stored(store, path, segment_bytes(VIDEO, 0, 2)))
        await source.part(0, 2)
        await until(stored(store, path, segment_bytes(VIDEO, 0, 3)))
        await until(acknowledged(client, left=0))


async def test_storage_that_was_away_gets_everything_afterwards(client: Client, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "away", mkdir=True)
    (tmp_path / "away").rmdir()
    (tmp_path / "away").write_text("not a folder")  # also root cannot write below a file
    source = Source(client, new_id())
    async with archiving(client, store) as archiver:
        await source.init()
        await source.segments(0, 9)
        await until(lambda: _holds(archiver, 60))
        (tmp_path / "away").unlink()
        (tmp_path / "away").mkdir()
        for number in range(9):
            await until(
                stored(store, objects.segment(source.recording_id, VIDEO, number), segment_bytes(VIDEO, number))
            )
        await until(acknowledged(client, left=6))


async def _holds(archiver: Archiver, messages: int) -> bool:
    return archiver.statistics()["held_messages"] >= messages


async def test_two_processes_that_share_the_consumer_lose_nothing(
    server: NatsServer, client: Client, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.streaming.segments.IDLE_S", 0.5)
    source = Source(client, new_id())
    async with connected(server) as other, archiving(client, store), archiving(other, store):
        await source.init()
        for number in range(8):
            await source.segments(number, number)
        for number in range(8):
            await until(
                stored(store, objects.segment(source.recording_id, VIDEO, number), segment_bytes(VIDEO, number))
            )
        await until(acknowledged(client, left=0))


async def test_what_was_purged_is_let_go(client: Client, store: LocalStore) -> None:
    source = Source(client, new_id())
    await source.segments(0, 3)
    async with archiving(client, store):
        await until(stored(store, objects.segment(source.recording_id, VIDEO, 2), segment_bytes(VIDEO, 2)))
        await client.jetstream().purge_stream("MEDIA", subject=media.recording(source.recording_id))
        await until(acknowledged(client, left=0))


async def test_a_killed_archiver_leaves_the_same_objects_as_one_that_was_not(
    server: NatsServer, client: Client, store: LocalStore, tmp_path: Path
) -> None:
    await client.jetstream().delete_consumer(ARCHIVER.stream, ARCHIVER.name)
    await provision(client, ack_wait_s=1.0)
    source = Source(client, new_id())
    folder = tmp_path / "objects"
    for round_number in range(3):
        process = await _process(server, folder)
        first = round_number * 4
        await source.segments(first, first + 3)
        await source.part(first + 4, 0)
        await until(
            stored(store, objects.segment(source.recording_id, VIDEO, first + 1), segment_bytes(VIDEO, first + 1))
        )
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    async with archiving(client, store):
        for number in range(12):
            await until(
                stored(store, objects.segment(source.recording_id, VIDEO, number), segment_bytes(VIDEO, number))
            )
        await until(acknowledged(client, left=1))


async def _process(server: NatsServer, folder: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.actors.streaming.archiver_process", server.url, str(folder)),
        cwd=Path(__file__).parents[3],
    )


async def test_a_file_survives_a_power_cut_before_it_is_acknowledged(tmp_path: Path) -> None:
    """Every write is fsync of the file, rename, fsync of the folder, in this order, as strace sees it."""
    if not shutil.which("strace"):
        pytest.skip("no strace")
    code = (
        "import asyncio,sys;from obstore.store import LocalStore;from actors.outside import storage;"
        "asyncio.run(storage.put(LocalStore(sys.argv[1]),'recordings/x/video/0.m4s',b'0'))"
    )
    trace = await asyncio.create_subprocess_exec(
        *("strace", "-f", "-e", "trace=fsync,rename", sys.executable, "-c", code, str(tmp_path)),
        cwd=Path(__file__).parents[3], stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await asyncio.wait_for(trace.communicate(), DEADLINE_S)
    calls = [word for line in said.decode().splitlines() for word in ("fsync", "rename") if f"{word}(" in line]
    assert calls[-3:] == ["fsync", "rename", "fsync"]


async def test_what_a_killed_writer_left_is_no_object_and_is_cleared_away(store: LocalStore, tmp_path: Path) -> None:
    left = tmp_path / "objects" / "recordings/x/video/0.m4s#4711000001"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"hal")
    assert await storage.sizes(store, "recordings/x/") == {}
    await storage.put(store, "recordings/x/video/0.m4s", b"whole")
    assert await storage.sizes(store, "recordings/x/") == {"recordings/x/video/0.m4s": 5}
    assert not left.exists()


async def test_objects_carry_what_a_web_server_would_say() -> None:
    assert storage.attributes("recordings/x/video/0.m4s") == {
        "Content-Type": "video/iso.segment",
        "Cache-Control": "public, max-age=31536000, immutable",
    }
    assert storage.attributes("recordings/x/index.json")["Cache-Control"] == storage.SHORT
