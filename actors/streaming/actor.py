"""What the `streaming` service does when: the archive follows the log, ends and deletions follow the events."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from nats.aio.client import Client
from nats.aio.subscription import Subscription
from obstore.store import ObjectStore

from actors.jetstream.media_log import MediaLog
from actors.jetstream.tasks import ended
from actors.runtime import actor as runtime
from actors.runtime.actor import Actor
from actors.runtime.handlers import command, every, on, query
from actors.streaming.archiver import Archiver
from actors.streaming.keeping import Keeping
from actors.streaming.playlists import playlists
from actors.streaming.retention import Retention
from actors.streaming.sample_tables import SampleTables
from actors.streaming.seal import Sealer
from actors.streaming.space_keeper import SpaceKeeper
from schemas.envelope import MESSAGE_ID, Caller, Meta
from schemas.errors import Unavailable
from schemas.media import End, to_headers
from schemas.recording import RecordingDeleted
from schemas.streaming import EndMedia, GetRetention, MediaView, RetentionView, SetRetention
from subjects import media, raw
from subjects.streams import RAW

SWEEP_S: Final = 15.0
LOOK_S: Final = 3.0
PART_MINUTES: Final = 1.0
TRANSCODED_S: Final = 10.0
DRAIN_S: Final = 5.0


class StreamingActor(Actor, service="streaming"):
    """Archives recordings, seals them, removes them."""

    def __init__(self, client: Client, retention: Retention, space: SpaceKeeper, *, end_wait_s: float) -> None:
        self._client = client
        self._js = client.jetstream()
        self._log = MediaLog(client)
        self._raw = MediaLog(client, RAW)
        self._retention = retention
        self._keeping = Keeping(client)
        self._space = space
        self._end_wait_s = end_wait_s

    @command
    async def end_media(self, said: EndMedia, caller: Caller) -> MediaView:  # noqa: ARG002
        """Give the gateway a moment to say the end itself, and whoever makes parts of pages the time that it takes.

        Raises Unavailable while pages wait for their worker.
        """
        subject = media.end(said.recording_id)
        subscription = await self._client.subscribe(subject)
        try:
            if await self._log.last(subject) is None:
                await subscription.next_msg(timeout=self._end_wait_s)
        except TimeoutError:
            if await self._raw.known(raw.page(said.recording_id)):
                await self._end_pages(said, subscription)
            else:
                message_id = media.message_id(said.recording_id, "all", None)
                await self._js.publish(subject, b"", headers=to_headers(End(said.reason)) | {MESSAGE_ID: message_id})
        finally:
            await subscription.unsubscribe()
        return MediaView(said.recording_id, ended=True)

    @command
    async def set_retention(self, said: SetRetention, caller: Caller) -> RetentionView:
        """Keep recordings for so long."""
        return await self._keeping.set(said, caller)

    @query
    async def get_retention(self, said: GetRetention, caller: Caller) -> RetentionView:  # noqa: ARG002
        """How long they are kept."""
        return await self._keeping.get(said)

    async def _end_pages(self, said: EndMedia, subscription: Subscription) -> None:
        """Nothing is added to them; the worker says the end of what it makes of them (`fallback_follower.py`)."""
        message_id = raw.message_id(said.recording_id)
        headers = to_headers(End(said.reason)) | {MESSAGE_ID: message_id}
        await self._js.publish(raw.end(said.recording_id), b"", headers=headers)
        try:
            if await self._log.known(media.end(said.recording_id)) is None:
                await subscription.next_msg(timeout=TRANSCODED_S)
        except TimeoutError:
            raise Unavailable("Its picture is still being made H.264.") from None

    @on(RecordingDeleted)
    async def deleted(self, event: RecordingDeleted, meta: Meta) -> None:  # noqa: ARG002
        """The link is dead; so is what it led to."""
        await self._retention.delete(event.recording_id)

    @every(seconds=SWEEP_S)
    async def sweep(self) -> None:
        """Purge what has been complete for long enough."""
        await self._retention.sweep()

    @every(seconds=LOOK_S)
    async def look(self) -> None:
        """Is there room?"""
        await self._space.look()

    @every(minutes=PART_MINUTES)
    async def part(self) -> None:
        """Delete what has been kept for as long as its workspace wants."""
        await self._keeping.sweep(datetime.now(UTC))


@asynccontextmanager
async def running(
    nats: Client,
    store: ObjectStore,
    *,
    end_wait_s: float = 1.5,
    purge_after_s: float = 300.0,
    aac_wait_s: float = 10.0,
    folders: Sequence[Path] = (),
    log_is_here: bool = False,
    reserve_bytes: int = 0,
) -> AsyncIterator[StreamingActor]:
    """The service, while the block runs; at its end what is being stored is finished, within five seconds.

    Any number of processes may run it. The caller closes `nats`. With less than `reserve_bytes` on the disks of
    `folders` nothing new is recorded; `log_is_here`: one of them is the log's.
    """
    retention = Retention(nats, store, purge_after_s)
    tables = SampleTables(store)
    sealer = Sealer(nats, store, retention, playlists, tables, aac_wait_s)
    archiver = Archiver(nats, store, retention, tables, sealer.seal)
    space = SpaceKeeper(nats, folders, reserve_bytes, log_is_here=log_is_here)
    actor = StreamingActor(nats, retention, space, end_wait_s=end_wait_s)
    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(archiver.run())
        try:
            async with runtime.running(nats, actor):
                yield actor
        finally:
            archiver.stop()
            await asyncio.wait([following], timeout=DRAIN_S)
            await ended([following])
