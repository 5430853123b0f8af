"""A recording in a running product that was not recorded in its time: written into the log at once, archived as any."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from nats.aio.client import Client as Nats

from actors.runtime.client import Client
from media.samples import Init
from ops import credentials, settings
from ops.bench import clip
from ops.bench.figure import progress
from ops.bench.stack import Stack
from ops.bench.stop_to_ended import playlist, seconds_in
from ops.embedded.known import known
from schemas.envelope import MESSAGE_ID
from schemas.ids import RecordingId
from schemas.media import AAC, End, to_headers
from schemas.recording import ConnectSource
from subjects import media

AT_ONCE: Final = 64
MADE_DEADLINE_S: Final = 600
_POLL_S: Final = 0.25


@asynccontextmanager
async def gateway(product: Stack) -> AsyncIterator[Nats]:
    """A connection with the rights of an ingest process."""
    found = settings.read({"LOOM_DATA": str(product.data)}).at(known(product.data).nats)
    client = credentials.client(found)
    await client.connect(**credentials.options(found, "ingest"))
    try:
        yield client
    finally:
        await client.close()


async def written(
    product: Stack, client: Nats, seconds: int, *, size: tuple[int, int] = (1280, 720), bits_per_s: int = 2_000_000
) -> str:
    """The id of a recording of that length that is still live; its AAC is whole so far."""
    await asyncio.to_thread(clip.picture, *size, bits_per_s)  # encoded now: the connection is to stay alive
    await asyncio.to_thread(clip.sound)
    recording_id = str((await product.start("bench"))["id"])
    await Client(client).ask(ConnectSource(RecordingId(recording_id)))
    progress(f"writing {seconds} s into the log")
    js, under_way = client.jetstream(), set[asyncio.Task[object]]()
    for one in clip.recording(seconds, *size, bits_per_s, time.time_ns() // 1000 - seconds * 1_000_000):
        name = media.init if isinstance(one, Init) else media.part
        headers = to_headers(one.headers) | {MESSAGE_ID: media.message_id(recording_id, one.rendition, one.headers)}
        subject = name(recording_id, one.rendition)
        under_way.add(asyncio.create_task(js.publish(subject, one.data, headers=headers, timeout=30)))
        if len(under_way) >= AT_ONCE:
            for done in under_way:
                await done
            under_way.clear()
    for done in under_way:
        await done
    await _sounds(product, recording_id, seconds)
    return recording_id


async def stop(product: Stack, client: Nats, recording_id: str) -> None:
    """As a gateway does: what was asked for is done, and nothing follows."""
    await product.control(recording_id, "stop")
    message_id = media.message_id(recording_id, "all", None)
    await client.jetstream().publish(
        media.end(recording_id), b"", headers=to_headers(End("stopped")) | {MESSAGE_ID: message_id}
    )


async def completed(product: Stack, recording_id: str) -> None:
    """Wait until everything is in storage."""
    async with asyncio.timeout(MADE_DEADLINE_S):
        while (await product.recording(recording_id))["status"] != "completed":  # noqa: ASYNC110  another process
            await asyncio.sleep(_POLL_S)


async def _sounds(product: Stack, recording_id: str, seconds: int) -> None:
    """Wait for what a live recording has at any moment: AAC up to now."""
    async with asyncio.timeout(MADE_DEADLINE_S):
        while True:
            try:
                made = seconds_in(await playlist(product, recording_id, AAC))
            except RuntimeError:
                made = 0.0
            if made > seconds - 2:
                return
            progress(f"{made:.0f} s of {seconds} s have AAC")
            await asyncio.sleep(2)
