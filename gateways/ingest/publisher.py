"""How do parts get into the log? In order per rendition, each written until it is acknowledged (`MediaWriter`).

What a browser without H.264 sends goes another way: its pages into RAW, of which a worker makes parts.
"""

import asyncio
from collections import deque
from typing import Final

from nats.aio.client import Client as Nats

from actors.jetstream.media_writer import ACKNOWLEDGED_S, MediaWriter
from media.journal.journal import Written
from media.samples import Init, Part
from schemas.envelope import MESSAGE_ID
from schemas.media import AUDIO, VIDEO, End, PartHeaders, to_headers
from subjects import media, raw
from subjects.streams import MEDIA, RAW

PAGES: Final = "pages"
MOST_BYTES: Final = 64 << 20  # a minute of a few Mbit/s


class Overflow(Exception):
    """The log has been away for longer than memory lasts."""


class Publisher:
    """One session's way into the log. `run` ends when `close` was called and everything has been acknowledged.

    Sound waits for the picture that was put before it: a gateway that is killed leaves no segment with sound alone.

    `sequences` has the last one of each subject that it writes to; for pages, `is_raw`, that of RAW.
    """

    def __init__(self, client: Nats, recording_id: str, sequences: dict[str, int], *, is_raw: bool = False) -> None:
        self._js = client.jetstream()
        self._writer = MediaWriter(client, (RAW if is_raw else MEDIA).name, sequences)
        self._recording_id = recording_id
        self._is_raw = is_raw
        names = (PAGES,) if is_raw else (VIDEO, AUDIO)
        self._queues: dict[str, asyncio.Queue[Init | Part | Written | None]] = {name: asyncio.Queue() for name in names}
        self._pictures = 0  # that were put
        self._pictures_written = 0
        self._after: deque[int] = deque()  # for each part of sound: so many pictures come first
        self._bytes = 0
        self._written = asyncio.Event()
        self.acknowledged = 0
        self.stored: dict[str, PartHeaders] = {}
        """The last part of each rendition that the log has acknowledged."""

    def put(self, output: Init | Part | Written) -> None:
        """Queue. Raises Overflow."""
        self._bytes += len(output.data)
        if self._bytes > MOST_BYTES:
            raise Overflow(f"{self._bytes >> 20} MB wait for the log")
        if not isinstance(output, Written):
            if output.rendition == VIDEO:
                self._pictures += 1
            else:
                self._after.append(self._pictures)
        self._queues[PAGES if isinstance(output, Written) else output.rendition].put_nowait(output)

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
        """The last word of the recording; idempotent. Raises what `media_writer.AWAY` lists.

        Behind pages: the worker says that of MEDIA when it has made parts of all of them.
        """
        subject = (raw if self._is_raw else media).end(self._recording_id)
        named = (
            raw.message_id(self._recording_id) if self._is_raw else media.message_id(self._recording_id, "all", None)
        )
        headers = to_headers(End(reason)) | {MESSAGE_ID: named}
        await self._js.publish(subject, b"", headers=headers, timeout=ACKNOWLEDGED_S)

    def statistics(self) -> dict[str, int]:
        """What waits and what is done."""
        return {"waiting_bytes": self._bytes, "acknowledged": self.acknowledged}

    async def _publish(self, queue: asyncio.Queue[Init | Part | Written | None]) -> None:
        while (output := await queue.get()) is not None:
            if not isinstance(output, Written) and output.rendition == AUDIO:
                await self._until_pictures(self._after.popleft())
            await self._write(output)
            if not isinstance(output, Written) and output.rendition == VIDEO:
                self._pictures_written += 1
            self._bytes -= len(output.data)
            self.acknowledged += 1
            self._written.set()
            if isinstance(output, Part):
                self.stored[output.rendition] = output.headers

    async def _until_pictures(self, count: int) -> None:
        while self._pictures_written < count:
            self._written.clear()
            await self._written.wait()

    async def _write(self, output: Init | Part | Written) -> None:
        if isinstance(output, Written):
            message_id = raw.message_id(self._recording_id, output.headers)
            headers = to_headers(output.headers) | {MESSAGE_ID: message_id}
            await self._writer.write(raw.page(self._recording_id), output.data, headers, fenced=True)
            return
        is_part = isinstance(output, Part)
        subject = (media.part if is_part else media.init)(self._recording_id, output.rendition)
        message_id = media.message_id(self._recording_id, output.rendition, output.headers)
        headers = to_headers(output.headers) | {MESSAGE_ID: message_id}
        await self._writer.write(subject, output.data, headers, fenced=is_part)
