"""What does MEDIA, or RAW, hold of one recording? Read as a log: by sequence, never by a consumer's position.

Workers are told by their durable consumers *that* something is new; *what* there is they read here. So the work they
do depends on the log alone: a message that another process got, or that will be redelivered later, is not missing.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

from nats.aio.client import Client

from actors.jetstream import direct_get
from actors.jetstream.direct_get import Entry
from actors.jetstream.follower import Follower
from subjects import media
from subjects.streams import MEDIA, Stream

WHOLE_S: Final = 120.0  # a day's recording has half a million messages
BATCH: Final = 16


class MediaLog:
    """Reads MEDIA, or RAW. Every call raises `nats.errors.Error` or TimeoutError when the server is away."""

    def __init__(self, nats: Client, stream: Stream = MEDIA) -> None:
        self._nats = nats
        self._stream = stream.name
        self._js = nats.jetstream()

    async def holds(self, subject: str) -> int:
        """How many messages `subject` (wildcards allowed) has."""
        return sum((await self.counts(subject)).values())

    async def counts(self, subject: str) -> dict[str, int]:
        """The number of messages of each subject that matches."""
        info = await self._js.stream_info(self._stream, subjects_filter=subject)
        return info.state.subjects or {}

    async def entries(self, recording_id: str) -> list[Entry]:
        """All of one recording in the order of MEDIA, headers only."""
        found: list[Entry] = []
        await Follower(self._nats, media.recording(recording_id), found.append).catch_up(WHOLE_S)
        return found

    async def follow(self, subject: str) -> AsyncGenerator[Entry, None]:
        """What `subject` of MEDIA has and what comes, headers only, until the caller closes the generator."""
        came: asyncio.Queue[Entry] = asyncio.Queue()
        follower = Follower(self._nats, subject, came.put_nowait)
        following = asyncio.ensure_future(follower.run(headers_only=True))
        try:
            while True:
                yield await came.get()
        finally:
            follower.stop()
            await asyncio.wait([following])

    async def read(self, subject: str, first: int, last: int | None = None) -> AsyncIterator[Entry]:
        """Messages of `subject` with their payload, from sequence `first` to `last` (or to what a replica has now).

        A replica that is behind `last` is waited for.
        """
        while last is None or first <= last:
            batch = await direct_get.batch(self._nats, self._stream, subject, first, most=BATCH)
            for entry in batch:
                if last is not None and entry.sequence > last:
                    return
                yield entry
            if batch:
                first = batch[-1].sequence + 1
            elif last is not None and await self._has(subject, first, last):
                await asyncio.sleep(direct_get.BEHIND_S)
            else:
                return

    async def last(self, subject: str) -> Entry | None:
        """The newest message of `subject` (wildcards allowed), or None."""
        return await direct_get.last(self._nats, self._stream, subject)

    async def known(self, subject: str) -> Entry | None:
        """The newest message of `subject`; None when the leader, too, has none."""
        return await direct_get.known(self._nats, self._stream, subject)

    async def purge(self, subject: str) -> None:
        """Forget what `subject` (wildcards allowed) has."""
        await self._js.purge_stream(self._stream, subject=subject)

    async def _has(self, subject: str, first: int, last: int) -> bool:
        entry = await direct_get.known(self._nats, self._stream, subject, first)
        return entry is not None and entry.sequence <= last
