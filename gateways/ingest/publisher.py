"""How do parts get into the log? In order per rendition, each written until it is acknowledged (`MediaWriter`)."""

import asyncio
from typing import Final

from nats.aio.client import Client as Nats

from actors.jetstream.media_writer import ACKNOWLEDGED_S, MediaWriter
from media.samples import Init, Part
from schemas.envelope import MESSAGE_ID
from schemas.media import AUDIO, VIDEO, End, PartHeaders, to_headers
from subjects import media
from subjects.streams import MEDIA

MOST_BYTES: Final = 64 << 20  # a minute of a few Mbit/s


class Overflow(Exception):
    """The log has been away for longer than memory lasts."""


class Publisher:
    """One session's way into MEDIA. `run` ends when `close` was called and everything has been acknowledged."""

    def __init__(self, client: Nats, recording_id: str, sequences: dict[str, int]) -> None:
        self._js = client.jetstream()
        self._writer = MediaWriter(client, MEDIA.name, sequences)
        self._recording_id = recording_id
        self._queues: dict[str, asyncio.Queue[Init | Part | None]] = {VIDEO: asyncio.Queue(), AUDIO: asyncio.Queue()}
        self._bytes = 0
        self._written = asyncio.Event()
        self.acknowledged = 0
        self.stored: dict[str, PartHeaders] = {}
        """The last part of each rendition that the log has acknowledged."""

    def put(self, output: Init | Part) -> None:
        """Queue. Raises Overflow."""
        self._bytes += len(output.data)
        if self._bytes > MOST_BYTES:
            raise Overflow(f"{self._bytes >> 20} MB wait for the log")
        self._queues[output.rendition].put_nowait(output)

    async def until_below(self, most_bytes: int) -> None:
        """Return once no more than that waits."""
        while self._bytes > most_bytes:
            self._written.clear()
            await self._written.wait()

    def close(self) -> None:
        """Nothing more will be put."""
        for queue in self._queues.values():
            queue.put_nowait(None)

    async def run(self) -> None:
        """Publish until closed. Raises Overtaken (in a group)."""
        async with asyncio.TaskGroup() as owner:
            for queue in self._queues.values():
                owner.create_task(self._publish(queue))

    async def end(self, reason: str) -> None:
        """The last word of the recording; idempotent. Raises what `media_writer.AWAY` lists."""
        headers = to_headers(End(reason)) | {MESSAGE_ID: media.message_id(self._recording_id, "all", None)}
        await self._js.publish(media.end(self._recording_id), b"", headers=headers, timeout=ACKNOWLEDGED_S)

    def statistics(self) -> dict[str, int]:
        """What waits and what is done."""
        return {"waiting_bytes": self._bytes, "acknowledged": self.acknowledged}

    async def _publish(self, queue: asyncio.Queue[Init | Part | None]) -> None:
        while (output := await queue.get()) is not None:
            await self._write(output)
            self._bytes -= len(output.data)
            self.acknowledged += 1
            self._written.set()
            if isinstance(output, Part):
                self.stored[output.rendition] = output.headers

    async def _write(self, output: Init | Part) -> None:
        is_part = isinstance(output, Part)
        subject = (media.part if is_part else media.init)(self._recording_id, output.rendition)
        message_id = media.message_id(self._recording_id, output.rendition, output.headers)
        headers = to_headers(output.headers) | {MESSAGE_ID: message_id}
        await self._writer.write(subject, output.data, headers, fenced=is_part)
