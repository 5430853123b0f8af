"""A log that is full refuses, loses nothing, and goes on once there is room."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from nats.aio.client import Client
from nats.js.errors import APIError

from actors.jetstream.full import is_full
from actors.jetstream.media_writer import MediaWriter
from actors.sourcing.store import EventStore
from ops.embedded import nats_server
from schemas.envelope import MESSAGE_ID, Caller
from schemas.errors import Full
from schemas.ids import LOCAL_WORKSPACE, new_id
from schemas.streaming import RetentionSet
from subjects import media
from subjects.streams import MEDIA
from tests.actors.media_given import NatsServer, connected, provision

MOST = "4MB"
MEGABYTE = bytes(1_000_000)


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Client]:
    """A server that may keep four megabytes."""
    configured = tmp_path / "nats.conf"
    text = nats_server.configuration().read_text()
    configured.write_text(text.replace("max_file_store: 1TB", f"max_file_store: {MOST}"))
    assert MOST in configured.read_text()
    async with NatsServer(tmp_path / "nats", configured) as server, connected(server) as client:
        await provision(client)
        yield client


async def fill(client: Client) -> int:
    """How many messages of another recording were taken until one was refused."""
    for count in range(20):
        try:
            await client.jetstream().publish(media.part("other", "video"), MEGABYTE)
        except APIError as error:
            assert is_full(error)  # noqa: PT017
            return count
    raise AssertionError("it takes everything")


async def test_a_part_waits_and_is_stored_once_there_is_room(small: Client) -> None:
    recording_id = new_id()
    writer, subject = MediaWriter(small, MEDIA.name, {}), media.part(recording_id, "video")
    await writer.write(subject, MEGABYTE, {MESSAGE_ID: "1"}, fenced=True)
    assert await fill(small) > 0
    waiting = asyncio.create_task(writer.write(subject, MEGABYTE, {MESSAGE_ID: "2"}, fenced=True))
    assert not (await asyncio.wait({waiting}, timeout=0.6))[0]
    js = small.jetstream()
    assert (await js.stream_info(MEDIA.name, subjects_filter=subject)).state.subjects == {subject: 1}
    await js.purge_stream(MEDIA.name, subject=media.part("other", "video"))
    async with asyncio.timeout(5):
        await waiting
    info = await js.stream_info(MEDIA.name, subjects_filter=subject)
    assert info.state.subjects == {subject: 2}


async def test_an_event_that_does_not_fit_is_refused_as_that(small: Client) -> None:
    store: EventStore[int] = EventStore(small, "streaming", 0, lambda count, _: count + 1)
    event = RetentionSet(LOCAL_WORKSPACE, 1, datetime.now(UTC))
    assert await store.decide("local", Caller(), lambda _: [event]) == 1
    await fill(small)
    with pytest.raises(Full):
        await store.decide("local", Caller(), lambda _: [event])
    await small.jetstream().purge_stream(MEDIA.name)
    assert await store.decide("local", Caller(), lambda _: [event]) == 2
