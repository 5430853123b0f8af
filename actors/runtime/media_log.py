"""What does the MEDIA stream hold of one recording? Read as a log: by sequence, never by a consumer's position.

Workers are told by their durable consumers *that* something is new; *what* there is they read here. So the work they
do depends on the log alone: a message that another process got, or that will be redelivered later, is not missing.
"""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Final

from msgspec import Struct
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from subjects import media
from subjects.streams import MEDIA

DEADLINE_S: Final = 5.0
BATCH: Final = 16
BATCH_BYTES: Final = 16 << 20
_SIZE: Final = "Nats-Msg-Size"
_SEQUENCE: Final = "Nats-Sequence"
_STATUS: Final = "Status"


class Entry(Struct, frozen=True):
    """One message of the log; `data` is empty where only headers were asked for."""

    sequence: int
    subject: str
    headers: Mapping[str, str]
    size_bytes: int
    data: bytes = b""


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
        subscription = await self._js.subscribe(
            subject, stream=MEDIA.name, ordered_consumer=True, headers_only=True, pending_bytes_limit=-1
        )
        try:
            found: list[Entry] = []
            while True:
                message = await subscription.next_msg(timeout=DEADLINE_S)
                headers = message.headers or {}
                size = int(headers.get(_SIZE, "0"))
                found.append(Entry(message.metadata.sequence.stream, message.subject, headers, size))
                if message.metadata.num_pending == 0:
                    return found
        finally:
            await subscription.unsubscribe()

    async def read(self, subject: str, first: int, last: int | None = None) -> AsyncIterator[Entry]:
        """Messages of `subject` with their payload, from sequence `first` to `last` (or to what is there now)."""
        while last is None or first <= last:
            batch = await self._batch(subject, first)
            for entry in batch:
                if last is not None and entry.sequence > last:
                    return
                yield entry
            if not batch:
                return
            first = batch[-1].sequence + 1

    async def last(self, subject: str) -> Entry | None:
        """The newest message of `subject` (wildcards allowed), or None."""
        return await last_of(self._nats, MEDIA.name, subject)

    async def purge(self, recording_id: str) -> None:
        """Forget one recording."""
        await self._js.purge_stream(MEDIA.name, subject=media.recording(recording_id))

    async def _batch(self, subject: str, first: int) -> list[Entry]:
        """One batched direct get (ADR-31); empty when nothing is there."""
        inbox = self._nats.new_inbox()
        subscription = await self._nats.subscribe(inbox)
        request = {"seq": first, "next_by_subj": subject, "batch": BATCH, "max_bytes": BATCH_BYTES}
        try:
            await self._nats.publish(f"$JS.API.DIRECT.GET.{MEDIA.name}", json.dumps(request).encode(), reply=inbox)
            found: list[Entry] = []
            while True:
                message = await subscription.next_msg(timeout=DEADLINE_S)
                headers = message.headers or {}
                if _SEQUENCE not in headers:
                    if headers.get(_STATUS) not in ("204", "404"):
                        raise ConnectionError(f"direct get of {subject} was refused: {headers}")
                    return found
                size = len(message.data)
                found.append(Entry(int(headers[_SEQUENCE]), headers["Nats-Subject"], headers, size, message.data))
        finally:
            await subscription.unsubscribe()


async def last_of(nats: Client, stream: str, subject: str) -> Entry | None:
    """The newest message of `subject` (wildcards allowed) in any stream, or None."""
    try:
        found = await nats.jetstream().get_msg(stream, subject=subject, direct=True)
    except NotFoundError:
        return None
    data = found.data or b""
    return Entry(found.seq or 0, found.subject or subject, found.headers or {}, len(data), data)
