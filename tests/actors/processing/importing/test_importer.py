"""A file becomes a recording like any other; what is left of a damaged one as well; who is killed has lost nothing."""

import asyncio
import io
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import av
import pytest
from nats.aio.client import Client as Nats
from obstore.store import LocalStore

from actors.jetstream.media_log import MediaLog
from schemas.media import AUDIO, VIDEO
from schemas.recording import DeleteRecording, Status
from subjects import media
from tests.actors.processing.importing.given import House, house
from tests.media.files import Made, file
from tests.servers import NatsServer, until

SLOW = Made(seconds=6, size=(640, 360), options=(("preset", "ultrafast"), ("bf", "2"), ("g", "60")))
"""It has to be transcoded."""


@pytest.fixture
async def given(client: Nats, store: LocalStore, database: Any) -> AsyncIterator[House]:
    async with house(client, store, database) as found:
        yield found


def frames(track: bytes) -> int:
    with av.open(io.BytesIO(track)) as container:
        return sum(1 for _ in container.decode(container.streams[0]))


async def test_a_file_becomes_a_recording_that_has_ended(given: House) -> None:
    view = await given.imported(file(Made()))
    assert (view.status, view.description) == (Status.PROCESSING, "")
    assert frames(await given.track(view.id, VIDEO)) == 60
    assert frames(await given.track(view.id, AUDIO)) == pytest.approx(100, abs=3)
    assert await given.uploads.known() == []


async def test_what_is_left_of_a_damaged_file_is_imported_and_the_rest_is_said(given: House) -> None:
    whole = file(Made(seconds=6, container=(("movflags", "faststart"),)))
    view = await given.imported(whole[: len(whole) // 2])
    assert view.status == Status.PROCESSING
    assert "of 6 s could be imported" in view.description
    assert 60 < frames(await given.track(view.id, VIDEO)) < 120


async def test_a_file_of_which_nothing_can_be_read_fails_and_says_why(given: House) -> None:
    view = await given.imported(b"Dear diary, today I did not record anything.")
    assert view.status == Status.FAILED
    assert view.failure_reason == (
        "The file is plain text; MP4, MOV, WebM and MKV can be imported. Convert it to one of these."
    )
    assert await given.uploads.known() == []


async def test_a_recording_that_is_deleted_meanwhile_is_not_imported(given: House) -> None:
    recording_id = await given.uploaded(file(Made()))
    await given.client.ask(DeleteRecording(recording_id))
    await given.importer.run(recording_id)
    assert await MediaLog(given.nats).entries(recording_id) == []
    assert await given.uploads.known() == []


@asynccontextmanager
async def process(server: NatsServer, store: LocalStore) -> AsyncIterator[asyncio.subprocess.Process]:
    module = "tests.actors.processing.importing.importing_process"
    started = await asyncio.create_subprocess_exec(sys.executable, "-m", module, server.url, str(store.prefix))
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


async def test_whoever_takes_over_from_a_killed_process_repeats_nothing_and_leaves_out_nothing(
    server: NatsServer, given: House, store: LocalStore
) -> None:
    whole = file(SLOW)
    alone = await given.imported(whole)
    recording_id = await given.uploaded(whole)

    async def has_begun() -> bool:
        return len(await MediaLog(given.nats).counts(media.parts(recording_id))) == 2

    async with process(server, store) as killed:
        await until(has_begun)
        killed.kill()
        await killed.wait()
    before = sum((await MediaLog(given.nats).counts(media.parts(recording_id))).values())
    await given.importer.run(recording_id)
    assert (await given.view(recording_id)).status == Status.PROCESSING
    assert before < sum((await MediaLog(given.nats).counts(media.parts(recording_id))).values())
    for rendition in (VIDEO, AUDIO):
        assert frames(await given.track(recording_id, rendition)) == frames(await given.track(alone.id, rendition))
