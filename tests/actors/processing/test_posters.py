import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from itertools import count

import av
import obstore
import pytest
from nats.aio.client import Client
from obstore.store import LocalStore

from actors.outside.sandbox import Sandbox
from actors.processing.posters import Posters
from schemas.envelope import MESSAGE_ID
from schemas.ids import RecordingId, new_id
from schemas.media import VIDEO, VIDEO_TIMESCALE, PartHeaders, to_headers
from schemas.recording import RecordingDeleted
from subjects import events, media, objects
from tests.actors.media_given import Source
from tests.media.pictures.pictures import key_frame

DEADLINE_S = 10.0


class Screen(Source):
    """A recording's picture: every part is one key frame."""

    _numbers: Iterator[int]

    async def show(self, source: str) -> None:
        if not hasattr(self, "_numbers"):
            self._numbers = count()
            await self.init(data=key_frame(source)[0])
        number = next(self._numbers)
        said = PartHeaders(number, 0, 0, VIDEO_TIMESCALE, number * 180_000, 180_000, 0, 0, independent=True)
        await self._say(media.part(self.recording_id, VIDEO), VIDEO, said, key_frame(source)[1])


@pytest.fixture
async def posters(client: Client, store: LocalStore) -> AsyncIterator[Posters]:
    async with Sandbox() as sandbox:
        yield Posters(client, store, sandbox)


async def shown(store: LocalStore, recording_id: str, at_least: int = 1) -> bytes:
    async with asyncio.timeout(DEADLINE_S):
        while True:
            try:
                found = await obstore.get_async(store, objects.poster(recording_id))
                jpeg = bytes(await found.bytes_async())
            except FileNotFoundError:
                jpeg = b""
            if len(jpeg) >= at_least:
                return jpeg
            await asyncio.sleep(0.02)


async def test_a_picture_is_there_with_the_first_key_frame(client: Client, store: LocalStore, posters: Posters) -> None:
    screen = Screen(client, new_id())
    watching = asyncio.create_task(posters.watch(screen.recording_id))
    await screen.show("testsrc")
    with av.open(io.BytesIO(await shown(store, screen.recording_id))) as picture:
        assert (picture.streams.video[0].width, picture.streams.video[0].height) == (640, 360)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def test_a_better_picture_takes_the_place_of_a_black_one_and_not_the_other_way(
    client: Client, store: LocalStore, posters: Posters
) -> None:
    screen = Screen(client, new_id())
    await screen.show("color=black")
    watching = asyncio.create_task(posters.watch(screen.recording_id, look_s=2.0))
    black = await shown(store, screen.recording_id)
    await screen.show("testsrc")
    good = await shown(store, screen.recording_id, at_least=len(black) + 1)
    await screen.show("color=white")
    await asyncio.wait_for(watching, DEADLINE_S)
    assert await shown(store, screen.recording_id) == good


async def test_what_cannot_be_decoded_is_passed_over(client: Client, store: LocalStore, posters: Posters) -> None:
    screen = Screen(client, new_id())
    await screen.show("testsrc")
    said = PartHeaders(1, 0, 0, VIDEO_TIMESCALE, 180_000, 180_000, 0, 0, independent=True)
    headers = to_headers(said) | {MESSAGE_ID: media.message_id(screen.recording_id, VIDEO, said)}
    await client.jetstream().publish(media.part(screen.recording_id, VIDEO), b"not a part", headers=headers)
    await asyncio.wait_for(posters.watch(screen.recording_id, look_s=1.0), DEADLINE_S)
    assert await shown(store, screen.recording_id)


async def test_at_the_end_a_recording_that_began_black_gets_a_picture_from_its_middle(
    client: Client, store: LocalStore, posters: Posters
) -> None:
    screen = Screen(client, new_id())
    for source in ("color=black", "color=black", "testsrc", "color=black"):
        await screen.show(source)
    await posters.settle(screen.recording_id)
    good = await shown(store, screen.recording_id)
    assert len(good) > 10_000
    await posters.settle(screen.recording_id)
    assert await shown(store, screen.recording_id) == good


async def test_a_deleted_recording_gets_no_picture(client: Client, store: LocalStore, posters: Posters) -> None:
    screen = Screen(client, new_id())
    await screen.show("testsrc")
    await posters.settle(screen.recording_id)
    await client.jetstream().publish(events.of(RecordingDeleted, RecordingId(screen.recording_id)), b"{}")
    await posters.delete(screen.recording_id)
    await posters.settle(screen.recording_id)
    with pytest.raises(FileNotFoundError):
        await obstore.head_async(store, objects.poster(screen.recording_id))
