import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
from nats.aio.client import Client
from obstore.store import LocalStore

from actors.jetstream.tasks import ended
from actors.outside.sandbox import Sandbox
from actors.processing.jobs.claims import Claims
from actors.processing.pictures import live_thumbnails
from actors.processing.pictures.live_thumbnails import LiveThumbnails
from media.samples import Init, Part
from schemas.envelope import MESSAGE_ID
from schemas.ids import RecordingId, new_id
from schemas.media import to_headers
from schemas.recording import RecordingDeleted
from subjects import events, media
from tests.actors.media_given import Source, until
from tests.actors.processing.pictures.cues import Shown, shown
from tests.actors.processing.pictures.recordings import FPS, brightness, messages, names, read

SECONDS = 11.0
MOMENT_S = 0.5
"""Time in which something that must not happen could."""


class Live(Source):
    """A recording of frames whose brightness says when they were."""

    def __init__(self, client: Client, store: LocalStore) -> None:
        super().__init__(client, new_id())
        self.read: Callable[[str], Awaitable[bytes]] = partial(read, store, self.recording_id)
        self.names: Callable[[], Awaitable[set[str]]] = partial(names, store, RecordingId(self.recording_id))
        self._left = list(messages(seconds=SECONDS, sound=False))

    async def show(self, until_segment: int = 99) -> None:
        """All up to the end of a segment."""
        while self._left and (isinstance(self._left[0], Init) or self._left[0].headers.segment <= until_segment):
            one: Init | Part = self._left.pop(0)
            name = media.init if isinstance(one, Init) else media.part
            headers = to_headers(one.headers) | {
                MESSAGE_ID: media.message_id(self.recording_id, one.rendition, one.headers)
            }
            await self._js.publish(name(self.recording_id, one.rendition), one.data, headers=headers)

    async def shown(self, *starts: int) -> list[Shown]:
        """The cues, once they begin at these seconds."""

        async def there() -> bool:
            if "thumbnails.vtt" not in await self.names():
                return False
            return [round(cue.start_s) for cue in await shown(self.read)] == list(starts)

        await until(there)
        return await shown(self.read)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_thumbnails, "LOOK_S", 0.2)


@asynccontextmanager
async def working(client: Client, store: LocalStore, name: str = "one") -> AsyncIterator[LiveThumbnails]:
    async with Sandbox() as sandbox:
        worker = LiveThumbnails(client, store, sandbox, Claims(client, name))
        running = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            await ended([running])


async def test_they_grow_while_it_is_live(client: Client, store: LocalStore) -> None:
    live = Live(client, store)
    async with working(client, store) as worker:
        await live.show(until_segment=1)
        assert len(await live.shown(0)) == 1
        await live.show()
        await live.end()
        found = await live.shown(0, 4, 8)
        for cue in found:
            frame = round(cue.start_s * FPS)
            assert float(cue.pixels[20:-20, -4:].mean()) == pytest.approx(brightness(frame), abs=4)

        async def done() -> bool:
            return worker.statistics()["recordings"] == 0

        await until(done)
        assert (await live.shown(0, 4, 8))[-1].end_s == pytest.approx(SECONDS, abs=0.4)


async def test_who_takes_over_goes_on_with_the_same(client: Client, store: LocalStore) -> None:
    live = Live(client, store)
    async with working(client, store):
        await live.show(until_segment=2)
        (first, second) = await live.shown(0, 4)
    async with working(client, store, "two"):
        await live.show()
        again = await live.shown(0, 4, 8)
    assert [cue.sheet for cue in again] == [first.sheet] * 3
    assert (again[1].start_s, again[1].pixels.tobytes()) == (second.start_s, second.pixels.tobytes())


async def test_two_workers_do_not_both_follow_it(client: Client, store: LocalStore) -> None:
    live = Live(client, store)
    async with working(client, store) as one, working(client, store, "two") as other:
        await live.show(until_segment=1)
        await live.shown(0)
        await asyncio.sleep(MOMENT_S)  # nothing can be waited for where nothing must happen
        assert one.statistics()["recordings"] + other.statistics()["recordings"] == 1


async def test_of_a_deleted_recording_nothing_is_written(client: Client, store: LocalStore) -> None:
    live = Live(client, store)
    deleted = events.of(RecordingDeleted, RecordingId(live.recording_id))
    await client.jetstream().publish(deleted, b"{}")
    async with working(client, store):
        await live.show()
        await live.end()
        await asyncio.sleep(MOMENT_S)
        assert await live.names() == set()


async def test_a_part_that_cannot_be_decoded_is_passed_over(client: Client, store: LocalStore) -> None:
    live = Live(client, store)
    async with working(client, store):
        await live.init()  # under the number of the real one, and nonsense
        await live.show(until_segment=0)
        await live.show()
        await live.end()
        assert [round(cue.start_s) for cue in await shown_or_none(live)] == []


async def shown_or_none(live: Live) -> list[Shown]:
    await asyncio.sleep(MOMENT_S)
    return await shown(live.read) if "thumbnails.vtt" in await live.names() else []
