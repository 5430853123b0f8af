"""Two recordings of one and one of several: the frames they should have, on one clock, and the sources as they were."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from nats.aio.client import Client
from obstore.store import LocalStore

from actors.outside import storage
from actors.outside.sandbox import Sandbox
from actors.processing.edits.compositions import CompositionDesk, CompositionRequests
from actors.processing.edits.maker import Maker
from actors.processing.edits.requests import EditDesk, EditRequests
from actors.runtime import actor as runtime
from actors.runtime.actor import Actor
from actors.runtime.client import Client as Asking
from actors.runtime.handlers import command, query
from media.hls import index as indices
from media.hls.index import RecordingIndex
from media.mp4 import samples
from schemas.envelope import Caller
from schemas.errors import Conflict, Gone, Invalid
from schemas.ids import LOCAL_USER, LOCAL_WORKSPACE, RecordingId, new_id
from schemas.media import AUDIO, BASE_OFFSET_S, VIDEO
from schemas.processing import EditRecording, KeptRange, SplitRecording, StitchRecordings
from schemas.recording import (
    ConnectSource,
    FailRecording,
    GetRecording,
    RecordingView,
    StartRecording,
    Status,
    StopRecording,
)
from subjects import objects
from tests.gateways.edge.archive import store_all
from tests.media.edits import numbered

SECONDS = 5.0
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALL = list(range(150))


class Service(EditRequests, CompositionRequests, Actor, service="processing"):
    """That part of the service."""

    def __init__(self, edits: EditDesk, composing: CompositionDesk) -> None:
        EditRequests.__init__(self, edits)
        CompositionRequests.__init__(self, composing)


class Recordings(Actor, service="recording"):
    """Knows every recording but the deleted ones, and notes what becomes of new ones."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str]] = []
        self.deleted = ""

    @query
    async def get(self, said: GetRecording, caller: Caller) -> RecordingView:  # noqa: ARG002
        if said.recording_id == self.deleted:
            raise Gone("This recording has been deleted.")
        return self._view(said.recording_id)

    @command
    async def start(self, said: StartRecording, caller: Caller) -> RecordingView:  # noqa: ARG002
        return self._noted("start", said.recording_id, said.title)

    @command
    async def connect(self, said: ConnectSource, caller: Caller) -> RecordingView:  # noqa: ARG002
        return self._noted("connect", said.recording_id)

    @command
    async def fail(self, said: FailRecording, caller: Caller) -> RecordingView:  # noqa: ARG002
        return self._noted("fail", said.recording_id, said.reason)

    @command
    async def stop(self, said: StopRecording, caller: Caller) -> RecordingView:  # noqa: ARG002
        return self._noted("stop", said.recording_id)

    def _noted(self, what: str, recording_id: RecordingId, words: str = "") -> RecordingView:
        self.told.append((what, recording_id, words))
        return self._view(recording_id)

    @staticmethod
    def _view(recording_id: RecordingId) -> RecordingView:
        words = ("A talk", "", "screen")
        return RecordingView(recording_id, LOCAL_USER, LOCAL_WORKSPACE, *words, Status.COMPLETED, {}, NOW, NOW)


class Asked:
    def __init__(self, client: Client, store: LocalStore, recordings: Recordings) -> None:
        self.ask, self.store, self.recordings = Asking(client).ask, store, recordings

    async def recorded(self, *, sound: bool = True) -> RecordingId:
        found = RecordingId(new_id())
        await store_all(self.store, found, numbered.recording(SECONDS, sound=sound))
        return found

    async def object(self, path: str) -> bytes:
        return bytes(await (await self.store.get_async(path)).bytes_async())

    async def index(self, recording_id: str) -> RecordingIndex:
        return indices.decode(await self.object(objects.index(recording_id)))

    async def frames(self, recording_id: str) -> list[int]:
        found = []
        for one in (await self.index(recording_id)).renditions[VIDEO].segments:
            init = await self.object(objects.init(recording_id, VIDEO, one.init))
            found += numbered.numbers(init, [await self.object(objects.segment(recording_id, VIDEO, one.number))])
        return found


@pytest.fixture
async def asked(client: Client, store: LocalStore) -> AsyncIterator[Asked]:
    recordings = Recordings()
    async with Sandbox() as sandbox, runtime.running(client, recordings):
        maker = Maker(store, sandbox)
        service = Service(EditDesk(client, maker), CompositionDesk(client, store, maker))
        async with runtime.running(client, service):
            yield Asked(client, store, recordings)


@pytest.fixture
def ids() -> Callable[[], RecordingId]:
    return lambda: RecordingId(new_id())


async def split(asked: Asked, recording_id: RecordingId, at_s: float) -> tuple[RecordingId, RecordingId]:
    wish = SplitRecording(recording_id, at_s, RecordingId(new_id()), RecordingId(new_id()))
    first, second = (await asked.ask(wish)).recordings
    return first, second


async def test_both_sides_of_a_split_have_all_frames(asked: Asked) -> None:
    source = await asked.recorded()
    before = await storage.sizes(asked.store, objects.prefix(source))
    first, second = await split(asked, source, 2.5)
    assert await asked.frames(first) == ALL[:75]
    assert await asked.frames(second) == ALL[75:]
    assert await storage.sizes(asked.store, objects.prefix(source)) == before
    assert [(what, words) for what, of, words in asked.recordings.told if of == first] == [
        ("start", "A talk (1)"),
        ("connect", ""),
        ("stop", ""),
    ]


async def test_stitched_they_follow_each_other_on_one_clock(asked: Asked, ids: Callable[[], RecordingId]) -> None:
    one, other = await asked.recorded(), await asked.recorded()
    made = ids()
    await asked.ask(StitchRecordings(made, [one, other], "Both"))
    assert await asked.frames(made) == ALL + ALL
    index = await asked.index(made)
    for rendition, timescale in ((VIDEO, 90_000), (AUDIO, 48_000)):
        tables = samples.decode(await asked.object(objects.samples(made, rendition)))
        segments = index.renditions[rendition].segments
        assert [one.number for one in segments] == [one.number for one in tables] == list(range(6))
        assert [one.discontinuity for one in segments] == [False, False, False, True, False, False]
        assert [one.stretch for one in segments] == [0, 0, 0, 1, 1, 1]
        for table, segment in zip(tables, segments, strict=True):
            assert table.decode_time / timescale == pytest.approx(segment.start_s, abs=0.001)
        for before, after in pairwise(tables):
            assert after.decode_time - before.decode_time - before.duration == pytest.approx(0, abs=timescale * 0.03)
    assert index.renditions[VIDEO].segments[0].start_s == BASE_OFFSET_S


async def test_what_was_cut_out_stays_out(asked: Asked, ids: Callable[[], RecordingId]) -> None:
    one, other = await asked.recorded(), await asked.recorded(sound=False)
    await asked.ask(EditRecording(one, [KeptRange(1.0, 3.5)]))
    await asked.ask(StitchRecordings(made := ids(), [other, one]))
    assert await asked.frames(made) == ALL + ALL[30:105]
    assert [one.gap for one in (await asked.index(made)).renditions[AUDIO].segments] == [True] * 3 + [False] * 2
    first, _ = await split(asked, one, 1.0)
    assert await asked.frames(first) == ALL[30:60]


async def test_the_same_wish_twice_is_one_recording(asked: Asked, ids: Callable[[], RecordingId]) -> None:
    wish, caller = StitchRecordings(ids(), [await asked.recorded(), await asked.recorded()]), Caller(command_id="once")
    assert await asked.ask(wish, caller) == await asked.ask(wish, caller)
    assert [what for what, _, _ in asked.recordings.told].count("start") == 1


async def test_what_cannot_be_put_together_is_said_and_fails(asked: Asked, ids: Callable[[], RecordingId]) -> None:
    source = await asked.recorded()
    with pytest.raises(Invalid, match="nothing on one side"):
        await split(asked, source, 5.0)
    with pytest.raises(Conflict, match="once it has been stopped"):
        await asked.ask(StitchRecordings(made := ids(), [source, ids()]))
    assert ("fail", made) in [(what, of) for what, of, _ in asked.recordings.told]
    asked.recordings.deleted = source
    with pytest.raises(Gone):
        await asked.ask(StitchRecordings(ids(), [source, source]))
