"""After the end a recording is there in every size below its own; whoever made which piece of it."""

import asyncio
import io
from collections.abc import AsyncIterator, Mapping, Sequence

import av
import msgspec
import pytest
from nats.aio.client import Client
from obstore.store import LocalStore

from actors.jetstream import direct_get
from actors.outside import storage
from actors.outside.sandbox import Sandbox
from actors.processing.jobs.work import Job, Unit
from actors.processing.ladder.transcode_work import TranscodeWork
from media.hls import index as indices
from media.hls.index import RecordingIndex, RenditionIndex
from schemas.errors import Invalid
from schemas.ids import LOCAL_WORKSPACE, RecordingId, job_id, new_id
from schemas.media import AUDIO
from schemas.processing import RenditionMade
from subjects import events, objects
from subjects.streams import EVENTS
from tests.actors.processing.ladder.recorded import FRAMES, store_video
from tests.media.transcode.given import BEGIN, TICKS

SMALL = (640, 360)
LARGE = (854, 480)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(preload=("media.transcode.segment",)) as sandbox:
        yield sandbox


def job() -> Job:
    recording_id = RecordingId(new_id())
    return Job(job_id(recording_id, "transcode"), recording_id, LOCAL_WORKSPACE, "transcode")


async def done(work: TranscodeWork, said: Job, units: Sequence[Unit] | None = None) -> Mapping[str, bytes]:
    units = await work.plan(said) if units is None else units
    return {unit.name: await work.do(said, unit) for unit in units}


async def renditions(store: LocalStore, said: Job) -> RecordingIndex:
    found = await store.get_async(objects.renditions(said.recording_id))
    return indices.decode(bytes(await found.bytes_async()))


async def read(store: LocalStore, path: str) -> bytes:
    return bytes(await (await store.get_async(path)).bytes_async())


async def said_of(client: Client, recording_id: str) -> list[str]:
    found = await direct_get.batch(client, EVENTS.name, events.of(RenditionMade, recording_id), 1, most=20)
    return [msgspec.json.decode(entry.data, type=RenditionMade).rendition for entry in found]


async def test_every_rung_has_the_segments_of_the_source(client: Client, store: LocalStore, sandbox: Sandbox) -> None:
    said = job()
    source = (await store_video(store, said.recording_id, [SMALL, SMALL, LARGE])).renditions["video"]
    one, other = (TranscodeWork(client, store, sandbox) for _ in range(2))
    units = await one.plan(said)
    assert [unit.name for unit in units] == ["0", "1", "2"]
    results = await asyncio.gather(done(one, said, units[::2]), done(other, said, units[1:]))  # one of them twice
    await other.finish(said, results[0] | results[1])
    made = await renditions(store, said)
    assert list(made.renditions) == ["480p", "360p"]
    stored = await storage.sizes(store, objects.prefix(said.recording_id))
    for name, rendition in made.renditions.items():
        assert [
            (s.number, s.init, s.start_s, s.program_time_us, s.discontinuity, s.gap) for s in rendition.segments
        ] == [(s.number, s.init, s.start_s, s.program_time_us, s.discontinuity, s.gap) for s in source.segments]
        assert [s.duration_s for s in rendition.segments] == pytest.approx([s.duration_s for s in source.segments])
        assert rendition.frames_a_second == FRAMES
        assert [init.headers.number for init in rendition.inits] == [0, 1]
        for segment in rendition.segments:
            assert stored[objects.segment(said.recording_id, name, segment.number)] == segment.size_bytes
            await shows_its_second(store, said.recording_id, name, segment.number, segment.init)
    places = [part.sequence for r in made.renditions.values() for s in r.segments for part in s.parts]
    places += [init.sequence for r in made.renditions.values() for init in r.inits]
    assert len(set(places)) == len(places) and max(places) < 0
    assert await said_of(client, said.recording_id) == ["480p", "360p"]
    await one.finish(said, results[0] | results[1])
    assert await said_of(client, said.recording_id) == ["480p", "360p"]


async def shows_its_second(store: LocalStore, recording_id: str, name: str, number: int, init: int) -> None:
    """Every frame of the source, at its time."""
    head = await read(store, objects.init(recording_id, name, init))
    data = await read(store, objects.segment(recording_id, name, number))
    with av.open(io.BytesIO(head + data)) as container:
        times = [frame.pts for frame in container.decode(video=0)]
    assert times == [BEGIN + (number * FRAMES + place) * TICKS for place in range(FRAMES)]


async def test_a_segment_that_cannot_be_decoded_is_a_gap(client: Client, store: LocalStore, sandbox: Sandbox) -> None:
    said = job()
    await store_video(store, said.recording_id, [SMALL, SMALL, SMALL], broken=[1])
    work = TranscodeWork(client, store, sandbox)
    await work.finish(said, await done(work, said))
    made = await renditions(store, said)
    assert [segment.gap for segment in made.renditions["360p"].segments] == [False, True, False]
    assert [segment.size_bytes > 0 for segment in made.renditions["360p"].segments] == [True, False, True]


async def test_a_recording_without_a_picture_to_be_decoded_fails_in_words(
    client: Client, store: LocalStore, sandbox: Sandbox
) -> None:
    said = job()
    await store_video(store, said.recording_id, [SMALL], broken=[0])
    work = TranscodeWork(client, store, sandbox)
    results = await done(work, said)
    with pytest.raises(Invalid, match=r"No picture of it can be decoded: .*box"):
        await work.finish(said, results)
    assert await said_of(client, said.recording_id) == []


@pytest.mark.parametrize("index", [RecordingIndex({AUDIO: RenditionIndex(AUDIO)}), None], ids=["sound alone", "tiny"])
async def test_what_has_no_rung_needs_nothing(
    client: Client, store: LocalStore, sandbox: Sandbox, index: RecordingIndex | None
) -> None:
    said = job()
    if index:
        await store.put_async(objects.index(said.recording_id), indices.encode(index))
    else:
        await store_video(store, said.recording_id, [(320, 180)])
    work = TranscodeWork(client, store, sandbox)
    assert await work.plan(said) == []
    await work.finish(said, {})
    assert objects.renditions(said.recording_id) not in await storage.sizes(store, objects.prefix(said.recording_id))


async def test_only_the_sizes_that_are_wanted_are_made(client: Client, store: LocalStore, sandbox: Sandbox) -> None:
    said = job()
    await store_video(store, said.recording_id, [LARGE])
    assert await TranscodeWork(client, store, sandbox, rungs=()).plan(said) == []
    work = TranscodeWork(client, store, sandbox, rungs=("720p", "360p"))
    await work.finish(said, await done(work, said))
    assert list((await renditions(store, said)).renditions) == ["360p"]
