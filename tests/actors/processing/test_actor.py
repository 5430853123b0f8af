"""The service as it runs: events in, posters and AAC out."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import obstore
from nats.aio.client import Client
from obstore.store import LocalStore

from actors.jetstream.media_log import MediaLog
from actors.processing.actor import running
from actors.runtime.jobs import put
from schemas.ids import RecordingId, new_id
from schemas.processing import MakePoster
from schemas.recording import RecordingDeleted, RecordingStarted
from subjects import media, objects
from tests.actors.media_given import say, until
from tests.actors.processing.test_aac_worker import Voice
from tests.actors.processing.test_posters import Screen

NOW = datetime.now(UTC)


async def has_poster(store: LocalStore, recording_id: str) -> bool:
    try:
        await obstore.head_async(store, objects.poster(recording_id))
    except FileNotFoundError:
        return False
    return True


async def test_a_recording_has_its_picture_within_three_seconds_of_its_start(
    client: Client, store: LocalStore, database: Any
) -> None:
    screen = Screen(client, new_id())
    async with running(client, store, database):
        await say(client, RecordingStarted(RecordingId(screen.recording_id), NOW))
        await screen.show("testsrc")
        await until(lambda: has_poster(store, screen.recording_id), deadline_s=3.0)


async def test_who_was_dead_at_the_start_makes_the_picture_later(
    client: Client, store: LocalStore, database: Any
) -> None:
    live, ended = Screen(client, new_id()), Screen(client, new_id())
    for screen in (live, ended):
        await screen.show("testsrc")
    await put(client, MakePoster(RecordingId(ended.recording_id)))
    async with running(client, store, database):
        for screen in (live, ended):
            await until(lambda screen=screen: has_poster(store, screen.recording_id))  # type: ignore[misc]


async def test_deleting_while_looking_leaves_no_picture(client: Client, store: LocalStore, database: Any) -> None:
    screen = Screen(client, new_id())
    async with running(client, store, database):
        await say(client, RecordingStarted(RecordingId(screen.recording_id), NOW))
        await screen.show("color=black")
        await until(lambda: has_poster(store, screen.recording_id))
        await say(client, RecordingDeleted(RecordingId(screen.recording_id), NOW))

        async def gone() -> bool:
            return not await has_poster(store, screen.recording_id)

        await until(gone)
        await screen.show("testsrc")
        await asyncio.sleep(0.5)  # nothing can be waited for where nothing must happen
        assert await gone()


async def test_sound_becomes_aac(client: Client, store: LocalStore, database: Any) -> None:
    voice = Voice(client)
    log = MediaLog(client)
    async with running(client, store, database):
        await voice.begin()
        await voice.say(0, 5)
        await voice.end()

        async def whole() -> bool:
            return await log.holds(voice.subject) == 7

        await until(whole)
    assert await log.holds(media.init(voice.recording_id, "aac")) == 1
