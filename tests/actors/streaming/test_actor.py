import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import m3u8
import obstore
import pytest
from nats.aio.client import Client
from obstore.store import LocalStore

from actors.jetstream.media_log import MediaLog
from actors.outside import storage
from actors.runtime import actor as runtime
from actors.runtime.actor import Actor
from actors.runtime.client import Client as Asking
from actors.runtime.handlers import command
from actors.streaming.actor import StreamingActor, running
from actors.streaming.deletions import LOOKS_S
from actors.streaming.retention import Retention
from media.hls import index as hls
from schemas.envelope import MESSAGE_ID, Caller
from schemas.errors import Gone, Unavailable
from schemas.ids import LOCAL_USER, LOCAL_WORKSPACE, RecordingId, new_id
from schemas.media import AAC, AUDIO, AUDIO_TIMESCALE, FINAL, LIVE_RUNG, VIDEO, InitHeaders, PartHeaders, to_headers
from schemas.recording import (
    CompleteRecording,
    RecordingCompleted,
    RecordingDeleted,
    RecordingView,
    Status,
)
from schemas.streaming import EndMedia, GetRetention, SetRetention
from subjects import media, objects, raw
from subjects.consumers import ARCHIVER
from subjects.streams import MEDIA, RAW
from tests.actors.media_given import (
    DEADLINE_S,
    NatsServer,
    Source,
    connected,
    part_bytes,
    provision,
    say,
    segment_bytes,
    until,
)
from tests.actors.raw_given import Pages
from tests.replicas import Replica


class Recordings(Actor, service="recording"):
    """Stands where the recording service stands, and notes what it is told."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[CompleteRecording] = asyncio.Queue()
        self.gone = False

    @command
    async def complete(self, said: CompleteRecording, caller: Caller) -> RecordingView:  # noqa: ARG002
        if self.gone:
            raise Gone("It was deleted.")
        self.told.put_nowait(said)
        at = datetime.now(UTC)
        return RecordingView(
            said.recording_id, LOCAL_USER, LOCAL_WORKSPACE, "", "", "screen", Status.COMPLETED, {}, at, at
        )

    async def next(self) -> CompleteRecording:
        return await asyncio.wait_for(self.told.get(), DEADLINE_S)


@pytest.fixture
async def recordings(client: Client) -> AsyncIterator[Recordings]:
    actor = Recordings()
    async with runtime.running(client, actor):
        yield actor


async def stopped(client: Client, recording_id: str) -> None:
    """As the saga of a stopped recording asks for it."""
    assert (await Asking(client).ask(EndMedia(RecordingId(recording_id)))).ended


async def sizes(store: LocalStore, recording_id: str) -> dict[str, int]:
    return await storage.sizes(store, objects.prefix(recording_id))


async def get(store: LocalStore, path: str) -> bytes:
    return bytes(await (await obstore.get_async(store, path)).bytes_async())


async def held(client: Client, recording_id: str) -> int:
    info = await client.jetstream().stream_info("MEDIA", subjects_filter=media.recording(recording_id))
    return sum((info.state.subjects or {}).values())


class Talk(Source):
    """A recording with picture and sound, and what a worker makes of the sound."""

    async def sound(self, rendition: str, first: int, last: int, *, final: bool = False) -> None:
        said = InitHeaders(0, "opus" if rendition == AUDIO else "mp4a.40.2", AUDIO_TIMESCALE, channels=1)
        if first == 0:
            await self._say(media.init(self.recording_id, rendition), rendition, said, b"init")
        for number in range(first * 6, (last + 1) * 6):
            await self._sound_part(rendition, number, final=final and number == last * 6 + 5)

    async def _sound_part(self, rendition: str, number: int, *, final: bool) -> None:
        segment, part = divmod(number, 6)
        said = PartHeaders(segment, part, 0, AUDIO_TIMESCALE, 480_000 + number * 16_000, 16_000, 0, 0)
        headers = to_headers(said) | {MESSAGE_ID: media.message_id(self.recording_id, rendition, said)}
        await self._js.publish(
            media.part(self.recording_id, rendition),
            part_bytes(rendition, segment, part),
            headers=headers | ({FINAL: "1"} if final else {}),
        )


async def test_a_stopped_recording_is_whole_in_storage_with_its_playlists(
    client: Client, store: LocalStore, recordings: Recordings
) -> None:
    talk = Talk(client, new_id())
    async with running(client, store):
        await talk.init()
        await talk.segments(0, 4)
        await talk.sound(AUDIO, 0, 4)
        await talk.sound(AAC, 0, 3)
        await talk.end()
        await talk.sound(AAC, 4, 4, final=True)
        told = await recordings.next()
    index = hls.decode(await get(store, objects.index(talk.recording_id)))
    assert index.ended
    stored = await sizes(store, talk.recording_id)
    for rendition in (VIDEO, AUDIO, AAC):
        assert index.renditions[rendition].final
        playlist = m3u8.loads((await get(store, objects.playlist(talk.recording_id, rendition))).decode())
        assert playlist.is_endlist
        for number, segment in enumerate(playlist.segments):
            assert stored[objects.prefix(talk.recording_id) + segment.uri] == len(segment_bytes(rendition, number))
        assert len(playlist.segments) == 5
    assert len(m3u8.loads((await get(store, objects.multivariant(talk.recording_id))).decode()).playlists) == 2
    assert told.duration_seconds == pytest.approx(10.0, abs=0.01)
    assert told.file_size_bytes == sum(stored.values())
    assert [(stretch.number, stretch.file_path) for stretch in told.stretches] == [
        (0, objects.segment(talk.recording_id, VIDEO, 0))
    ]


async def test_the_log_ends_when_nobody_else_ends_it(client: Client, store: LocalStore, recordings: Recordings) -> None:
    source = Source(client, new_id())
    async with running(client, store, end_wait_s=0.3):
        await source.init()
        await source.segments(0, 1)
        await stopped(client, source.recording_id)
        told = await recordings.next()
    assert told.duration_seconds == pytest.approx(4.0, abs=0.01)


async def test_the_end_is_said_once_when_the_gateway_says_it_as_well(
    client: Client, store: LocalStore, recordings: Recordings
) -> None:
    source = Source(client, new_id())
    async with running(client, store, end_wait_s=0.3):
        await source.init()
        await source.segments(0, 1)
        await source.end()
        await stopped(client, source.recording_id)
        await recordings.next()
    await source.end()
    info = await client.jetstream().stream_info("MEDIA", subjects_filter=media.end(source.recording_id))
    assert info.state.subjects == {media.end(source.recording_id): 1}


async def test_pages_are_ended_and_whoever_makes_parts_of_them_is_waited_for(
    client: Client, store: LocalStore, recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.streaming.actor.TRANSCODED_S", 0.1)
    source = Source(client, new_id())
    await Pages(client, source.recording_id).write_one()
    async with running(client, store, end_wait_s=0.1):
        with pytest.raises(Unavailable, match="being made"):
            await stopped(client, source.recording_id)
        said = await MediaLog(client, RAW).last(raw.end(source.recording_id))
        assert said
        assert said.headers["Loom-Reason"] == "stopped"
        await source.init()
        await source.segments(0, 1)
        await source.end()
        await stopped(client, source.recording_id)
        told = await recordings.next()
    assert told.duration_seconds == pytest.approx(4.0, abs=0.01)


async def test_pauses_are_stretches(client: Client, store: LocalStore, recordings: Recordings) -> None:
    source = Source(client, new_id())
    async with running(client, store):
        await source.init()
        for segment, stretch in ((0, 0), (1, 0), (2, 1), (3, 2)):
            for part in range(3):
                await source.part(segment, part, stretch=stretch)
        await source.end()
        told = await recordings.next()
    assert [round(stretch.duration_seconds, 2) for stretch in told.stretches] == [2.0, 1.0, 1.0]


async def test_what_follows_the_end_is_nowhere(client: Client, store: LocalStore, recordings: Recordings) -> None:
    source = Source(client, new_id())
    async with running(client, store):
        await source.init()
        await source.segments(0, 1)
        await source.part(2, 0)
        await source.end()
        await source.part(2, 1)
        await source.part(3, 0)
        told = await recordings.next()
    assert told.duration_seconds == pytest.approx(4.333, abs=0.01)
    stored = await sizes(store, source.recording_id)
    assert stored[objects.segment(source.recording_id, VIDEO, 2)] == len(part_bytes(VIDEO, 2, 0))
    assert objects.segment(source.recording_id, VIDEO, 3) not in stored


async def test_a_recording_without_a_part_is_told_to_have_nothing(
    client: Client, store: LocalStore, recordings: Recordings
) -> None:
    recording_id = new_id()
    async with running(client, store, end_wait_s=0.1):
        await stopped(client, recording_id)
        told = await recordings.next()
    assert (told.stretches, told.duration_seconds) == ([], 0)
    assert await sizes(store, recording_id) == {}


async def test_sealed_without_aac_that_does_not_come_and_again_when_it_does(
    client: Client, store: LocalStore, recordings: Recordings
) -> None:
    talk = Talk(client, new_id())
    async with running(client, store, aac_wait_s=0.3):
        await talk.init()
        await talk.segments(0, 2)
        await talk.sound(AUDIO, 0, 2)
        await talk.sound(AAC, 0, 1)
        await talk.end()
        await recordings.next()
        first = hls.decode(await get(store, objects.index(talk.recording_id)))
        await talk.sound(AAC, 2, 2, final=True)
        await recordings.next()
        second = hls.decode(await get(store, objects.index(talk.recording_id)))
    assert (sorted(first.renditions), sorted(second.renditions)) == ([AUDIO, VIDEO], [AAC, AUDIO, VIDEO])
    assert objects.segment(talk.recording_id, AAC, 2) in await sizes(store, talk.recording_id)


async def test_rungs_made_after_the_end_stay_and_the_live_one_is_never_kept(
    client: Client, store: LocalStore, recordings: Recordings
) -> None:
    talk = Talk(client, new_id())
    rung = [objects.init(talk.recording_id, "480p", 0), objects.segment(talk.recording_id, "480p", 0)]
    async with running(client, store, aac_wait_s=0.3):
        for path in rung:
            await store.put_async(path, b"made")
        await talk.init()
        await talk.init(LIVE_RUNG)
        await talk.segments(0, 2)
        await talk.segments(0, 2, LIVE_RUNG)
        await talk.end()
        await talk.part(3, 0, LIVE_RUNG)
        await recordings.next()
    stored = await sizes(store, talk.recording_id)
    assert set(rung) < set(stored)
    assert not [path for path in stored if LIVE_RUNG in path]
    assert sorted(hls.decode(await get(store, objects.index(talk.recording_id))).renditions) == [VIDEO]
    info = await client.jetstream().consumer_info(ARCHIVER.stream, ARCHIVER.name)
    assert (info.num_pending, info.num_ack_pending) == (0, 0)


async def test_a_replica_that_is_behind_cuts_nothing_short(
    client: Client, store: LocalStore, recordings: Recordings, replica: Replica
) -> None:
    source = Source(client, new_id())
    await source.init()
    await source.segments(0, 1)
    await source.end()
    replica.falls_behind(MEDIA, at=1, times=8)
    async with running(client, store):
        await recordings.next()
    assert replica.times == 0
    assert await get(store, objects.init(source.recording_id, VIDEO, 0)) == b"init"
    for number in range(2):
        assert await get(store, objects.segment(source.recording_id, VIDEO, number)) == segment_bytes(VIDEO, number)


async def test_a_seal_that_was_cut_short_is_done_again(
    server: NatsServer, client: Client, store: LocalStore, recordings: Recordings
) -> None:
    source = Source(client, new_id())
    await source.init()
    await source.segments(0, 3)
    await source.end()
    async with connected(server) as other, _cut_short(other, store):
        await until(lambda: _has_objects(store, source.recording_id))
    await storage.put(store, objects.segment(source.recording_id, VIDEO, 1), b"half")
    await client.jetstream().delete_consumer("MEDIA", "archiver")
    await provision(client)
    async with running(client, store):
        await recordings.next()
    assert await get(store, objects.segment(source.recording_id, VIDEO, 1)) == segment_bytes(VIDEO, 1)


@asynccontextmanager
async def _cut_short(client: Client, store: LocalStore) -> AsyncIterator[None]:
    async def hold() -> None:
        async with running(client, store):
            await asyncio.Event().wait()

    task = asyncio.create_task(hold())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _has_objects(store: LocalStore, recording_id: str) -> bool:
    return bool(await sizes(store, recording_id))


async def test_storage_that_is_away_at_the_end_delays_the_seal_and_no_more(
    client: Client, store: LocalStore, recordings: Recordings, tmp_path: Path
) -> None:
    source = Source(client, new_id())
    (tmp_path / "objects").rename(tmp_path / "elsewhere")
    (tmp_path / "objects").write_text("not a folder")
    async with running(client, store):
        await source.init()
        await source.segments(0, 2)
        await source.end()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(recordings.told.get(), 1.0)
        (tmp_path / "objects").unlink()
        await recordings.next()
    stored = await sizes(store, source.recording_id)
    assert {objects.segment(source.recording_id, VIDEO, number) for number in range(3)} < set(stored)
    assert objects.index(source.recording_id) in stored


async def test_media_leaves_the_log_some_time_after_completion_also_after_a_restart(
    client: Client, store: LocalStore, recordings: Recordings
) -> None:
    source = Source(client, new_id())
    async with running(client, store, purge_after_s=1.0) as actor:
        await source.init()
        await source.segments(0, 1)
        await source.end()
        told = await recordings.next()
        await actor.sweep()
        assert await held(client, source.recording_id)
        await say(client, RecordingCompleted(told.recording_id, datetime.now(UTC), 4.0, 1, told.stretches))
        await actor.sweep()
        assert await held(client, source.recording_id)
    async with running(client, store, purge_after_s=0.0) as actor:
        await actor.sweep()
        assert await held(client, source.recording_id) == 0
    assert await get(store, objects.segment(source.recording_id, VIDEO, 1)) == segment_bytes(VIDEO, 1)


async def test_a_deleted_recording_leaves_nothing_and_nothing_comes_back(
    client: Client, store: LocalStore, recordings: Recordings, tmp_path: Path
) -> None:
    source, other = Source(client, new_id()), Source(client, new_id())
    recordings.gone = True
    async with running(client, store) as actor:
        for one in (source, other):
            await one.init()
            await one.segments(0, 3)
            await Pages(client, one.recording_id).write_one()
        await _until_stored(store, objects.segment(source.recording_id, VIDEO, 2))
        await _until_stored(store, objects.segment(other.recording_id, VIDEO, 2))
        await say(client, RecordingDeleted(RecordingId(source.recording_id), datetime.now(UTC)))
        await _until_gone(client, store, source.recording_id)
        await source.segments(4, 6)  # the gateway has not heard of it yet
        await source.end()
        await actor.sweep()
        await _until_gone(client, store, source.recording_id)
    assert not (tmp_path / "objects" / objects.prefix(source.recording_id)).exists()
    assert await MediaLog(client, RAW).counts(raw.every()) == {raw.page(other.recording_id): 1}
    assert len(await sizes(store, other.recording_id)) == 4


async def test_what_a_late_worker_writes_is_removed_also_by_another_process(client: Client, store: LocalStore) -> None:
    recording_id = RecordingId(new_id())
    made = [
        objects.prefix(recording_id) + name for name in ("poster.jpg", "480p/3.m4s", "sprite-0.jpg", "edits/1.json")
    ]
    async with running(client, store):
        for path in made:
            await storage.put(store, path, b"made of it")
        await say(client, RecordingDeleted(recording_id, datetime.now(UTC)))
        await _until_gone(client, store, recording_id)
    for path in made:
        await storage.put(store, path, b"made of it, too late")
    await Retention(client, store, 300.0).sweep(time.time() + LOOKS_S[0] + 1)
    assert await sizes(store, recording_id) == {}


async def _until_stored(store: LocalStore, path: str) -> None:
    async def holds() -> bool:
        return path in await storage.sizes(store, path.rpartition("/")[0])

    await until(holds)


async def _until_gone(client: Client, store: LocalStore, recording_id: str) -> None:
    async def holds() -> bool:
        return not await sizes(store, recording_id) and not await held(client, recording_id)

    await until(holds)


def test_handlers_are_those_of_the_events_that_concern_it() -> None:
    routes: Any = StreamingActor.routes
    assert set(routes.events) == {RecordingDeleted}
    assert set(routes.requests) == {EndMedia, SetRetention, GetRetention}
