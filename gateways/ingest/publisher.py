"""How does a part get into the log? In order per rendition, once in effect, again and again until it is acknowledged.

Each part expects the last sequence of its subject: a refusal means that another session goes on with this recording.
nats-server checks that before `Nats-Msg-Id`, so a retry after a lost acknowledgement is refused as well; the last
message of the subject then bears our own id.
"""

import asyncio
from typing import Final

import nats.errors
import structlog
from nats.aio.client import Client as Nats
from nats.js.errors import APIError
from nats.js.errors import Error as JetStreamError

from actors.jetstream import direct_get
from media.samples import Continuation, Init, Part
from schemas.envelope import EXPECTED_LAST_SUBJECT_SEQUENCE, MESSAGE_ID
from schemas.media import AUDIO, BASE_OFFSET_S, VIDEO, End, init_from_headers, part_from_headers, to_headers
from subjects import media
from subjects.streams import MEDIA

MOST_BYTES: Final = 64 << 20  # a minute of a few Mbit/s
ACKNOWLEDGED_S: Final = 2.0
AGAIN_S: Final = 0.25
WRONG_LAST_SEQUENCE: Final = frozenset({10071, 10164})
AWAY: Final = (nats.errors.Error, JetStreamError, OSError, TimeoutError)
log = structlog.get_logger(__name__)


class Overtaken(Exception):
    """Another session goes on with this recording."""


class Overflow(Exception):
    """The log has been away for longer than memory lasts."""


async def continuation(client: Nats, recording_id: str) -> tuple[Continuation, dict[str, int]]:
    """Where the log of a recording ends, and the last sequence of each rendition's parts. Raises what `AWAY` lists."""
    segments: dict[str, int] = {}
    inits: dict[str, int] = {}
    ends: dict[str, int] = {}
    sequences: dict[str, int] = {}
    base_time_s, stretch = float(BASE_OFFSET_S), 0
    for rendition in (VIDEO, AUDIO):
        init = await direct_get.last(client, MEDIA.name, media.init(recording_id, rendition))
        if init:
            inits[rendition] = init_from_headers(init.headers).number + 1
        part = await direct_get.last(client, MEDIA.name, media.part(recording_id, rendition))
        if part:
            said = part_from_headers(part.headers)
            segments[rendition] = said.segment + 1
            ends[rendition] = said.decode_time + said.duration
            sequences[rendition] = part.sequence
            base_time_s = max(base_time_s, ends[rendition] / said.timescale)
            stretch = max(stretch, said.stretch + 1)
    return Continuation(segments, inits, ends, base_time_s, stretch), sequences


class Publisher:
    """One session's way into MEDIA. `run` ends when `close` was called and everything has been acknowledged."""

    def __init__(self, client: Nats, recording_id: str, sequences: dict[str, int]) -> None:
        self._nats = client
        self._js = client.jetstream()
        self._recording_id = recording_id
        self._last = dict(sequences)
        self._queues: dict[str, asyncio.Queue[Init | Part | None]] = {VIDEO: asyncio.Queue(), AUDIO: asyncio.Queue()}
        self._bytes = 0
        self.acknowledged = 0

    def put(self, output: Init | Part) -> None:
        """Queue. Raises Overflow."""
        self._bytes += len(output.data)
        if self._bytes > MOST_BYTES:
            raise Overflow(f"{self._bytes >> 20} MB wait for the log")
        self._queues[output.rendition].put_nowait(output)

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
        """The last word of the recording; idempotent. Raises what `AWAY` lists."""
        headers = to_headers(End(reason)) | {MESSAGE_ID: media.message_id(self._recording_id, "all", None)}
        await self._js.publish(media.end(self._recording_id), b"", headers=headers, timeout=ACKNOWLEDGED_S)

    def statistics(self) -> dict[str, int]:
        """What waits and what is done."""
        return {"waiting_bytes": self._bytes, "acknowledged": self.acknowledged}

    async def _publish(self, queue: asyncio.Queue[Init | Part | None]) -> None:
        while (output := await queue.get()) is not None:
            await self._until_acknowledged(output)
            self._bytes -= len(output.data)
            self.acknowledged += 1

    async def _until_acknowledged(self, output: Init | Part) -> None:
        rendition = output.rendition
        is_part = isinstance(output, Part)
        subject = (media.part if is_part else media.init)(self._recording_id, rendition)
        message_id = media.message_id(self._recording_id, rendition, output.headers)
        headers = to_headers(output.headers) | {MESSAGE_ID: message_id}
        if is_part:
            headers[EXPECTED_LAST_SUBJECT_SEQUENCE] = str(self._last.get(rendition, 0))
        said = False
        while True:
            try:
                done = await self._js.publish(subject, output.data, headers=headers, timeout=ACKNOWLEDGED_S)
                sequence = done.seq
                break
            except APIError as error:
                if error.err_code in WRONG_LAST_SEQUENCE:
                    sequence = await self._ours(subject, message_id)
                    break
                log.error("the log refuses a part", recording=self._recording_id, why=str(error))  # noqa: TRY400
            except AWAY as error:
                if not said:
                    log.warning("the log is away; parts wait", recording=self._recording_id, why=repr(error))
                said = True
            await asyncio.sleep(AGAIN_S)
        if is_part:
            self._last[rendition] = sequence

    async def _ours(self, subject: str, message_id: str) -> int:
        """The sequence our own first attempt was stored at. Raises Overtaken when it was somebody else's."""
        while True:
            try:
                last = await direct_get.last(self._nats, MEDIA.name, subject)
            except AWAY:
                await asyncio.sleep(AGAIN_S)
                continue
            if last and last.headers.get(MESSAGE_ID) == message_id:
                return last.sequence
            raise Overtaken(self._recording_id)
