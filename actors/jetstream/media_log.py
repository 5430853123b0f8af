"""What does the MEDIA stream hold of one recording? Read as a log: by sequence, never by a consumer's position.

Workers are told by their durable consumers *that* something is new; *what* there is they read here. So the work they
do depends on the log alone: a message that another process got, or that will be redelivered later, is not missing.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from actors.jetstream import direct_get
from actors.jetstream.direct_get import Entry
from subjects import media
from subjects.streams import MEDIA

DEADLINE_S: Final = 5.0
BATCH: Final = 16
_SIZE: Final = "Nats-Msg-Size"


class MediaLog:
    """Reads MEDIA. Every call raises `nats.errors.Error` or TimeoutError when the server is away."""

    def __init__(self, nats: Client) -> None:
        self._nats = nats
        self._js = nats.jetstream()

    async def holds(self, subject: str) -> int:
        """How many messages `subject` (wildcards allowed) has."""
        return sum((await self.counts(subject)).values())

    async def counts(self, subject: str) -> dict[str, int]:
        """The number of messages of each subject that matches."""
        info = await self._js.stream_info(MEDIA.name, subjects_filter=subject)
        return info.state.subjects or {}

    async def entries(self, recording_id: str) -> list[Entry]:
        """All of one recording in the order of the log, headers only."""
        subject = media.recording(recording_id)
        if not await self.holds(subject):
            return []
        subscription = await self._headers_of(subject)
        try:
            found: list[Entry] = []
            while True:
                message = await subscription.next_msg(timeout=DEADLINE_S)
                found.append(_without_payload(message))
                if message.metadata.num_pending == 0:
                    return found
        finally:
            await subscription.unsubscribe()

    async def follow(self, subject: str) -> AsyncGenerator[Entry, None]:
        """What `subject` has and what comes, headers only, for as long as the caller listens (close the generator)."""
        subscription = await self._headers_of(subject)
        try:
            while True:
                yield _without_payload(await subscription.next_msg(timeout=None))
        finally:
            await subscription.unsubscribe()

    async def read(self, subject: str, first: int, last: int | None = None) -> AsyncIterator[Entry]:
        """Messages of `subject` with their payload, from sequence `first` to `last` (or to what is there now)."""
        while last is None or first <= last:
            batch = await direct_get.batch(self._nats, MEDIA.name, subject, first, most=BATCH)
            for entry in batch:
                if last is not None and entry.sequence > last:
                    return
                yield entry
            if not batch:
                return
            first = batch[-1].sequence + 1

    async def last(self, subject: str) -> Entry | None:
        """The newest message of `subject` (wildcards allowed), or None."""
        return await direct_get.last(self._nats, MEDIA.name, subject)

    async def purge(self, recording_id: str) -> None:
        """Forget one recording."""
        await self._js.purge_stream(MEDIA.name, subject=media.recording(recording_id))

    async def _headers_of(self, subject: str) -> Subscription:
        """An ordered consumer: it sees to it that nothing is missing, and ends with its subscriber."""
        return await self._js.subscribe(
            subject, stream=MEDIA.name, ordered_consumer=True, headers_only=True, pending_bytes_limit=-1
        )


def _without_payload(message: Msg) -> Entry:
    headers = message.headers or {}
    return Entry(message.metadata.sequence.stream, message.subject, headers, int(headers.get(_SIZE, "0")))
