"""How does one message get into the log? Once in effect, again and again until it is acknowledged, or not at all.

Each part expects the last sequence of its subject: a refusal means that another writer goes on with this recording.
nats-server checks that before `Nats-Msg-Id`, so a retry after a lost acknowledgement is refused as well; the last
message of the subject then bears our own id.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import nats.errors
import structlog
from nats.aio.client import Client as Nats
from nats.js.errors import APIError
from nats.js.errors import Error as JetStreamError

from actors.jetstream import direct_get
from actors.jetstream.full import NO_ROOM, is_full
from media.samples import Continuation
from schemas.envelope import EXPECTED_LAST_SUBJECT_SEQUENCE, MESSAGE_ID
from schemas.media import AUDIO, BASE_OFFSET_S, VIDEO, init_from_headers, part_from_headers
from subjects import media
from subjects.streams import MEDIA

ACKNOWLEDGED_S: Final = 2.0
AGAIN_S: Final = 0.25
WRONG_LAST_SEQUENCE: Final = frozenset({10071, 10164})
AWAY: Final = (nats.errors.Error, JetStreamError, OSError, TimeoutError)
log = structlog.get_logger(__name__)


class Overtaken(Exception):
    """Another writer goes on with this recording."""


async def continuation(client: Nats, recording_id: str) -> tuple[Continuation, dict[str, int]]:
    """Where the log of a recording ends, and the last sequence of each subject of parts. Raises what `AWAY` lists."""
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
            sequences[part.subject] = part.sequence
            base_time_s = max(base_time_s, ends[rendition] / said.timescale)
            stretch = max(stretch, said.stretch + 1)
    return Continuation(segments, inits, ends, base_time_s, stretch), sequences


class MediaWriter:
    """Writes to one recording's subjects of a stream. `sequences` has the last one of each, as far as there is one."""

    def __init__(self, client: Nats, stream: str, sequences: Mapping[str, int]) -> None:
        self._nats = client
        self._js = client.jetstream()
        self._stream = stream
        self._last = dict(sequences)

    async def write(self, subject: str, data: bytes, headers: Mapping[str, str], *, fenced: bool) -> None:
        """Until it is acknowledged; `headers` has its id. Raises Overtaken when `fenced` and another has written."""
        said = dict(headers)
        if fenced:
            said[EXPECTED_LAST_SUBJECT_SEQUENCE] = str(self._last.get(subject, 0))
        is_away = False  # or full, and said so
        while True:
            try:
                done = await self._js.publish(subject, data, headers=said, timeout=ACKNOWLEDGED_S)
                sequence = done.seq
                break
            except APIError as error:
                if error.err_code in WRONG_LAST_SEQUENCE:
                    sequence = await self._ours(subject, headers[MESSAGE_ID])
                    break
                if not is_away:
                    log.error("the log refuses a message; it waits", subject=subject, why=_why(error))  # noqa: TRY400
                is_away = True
            except AWAY as error:
                if not is_away:
                    log.warning("the log is away; messages wait", subject=subject, why=repr(error))
                is_away = True
            await asyncio.sleep(AGAIN_S)
        if fenced:
            self._last[subject] = sequence

    async def _ours(self, subject: str, message_id: str) -> int:
        """The sequence our own first attempt was stored at. Raises Overtaken when it was somebody else's."""
        while True:
            try:
                last = await direct_get.last(self._nats, self._stream, subject)
            except AWAY:
                await asyncio.sleep(AGAIN_S)
                continue
            if last and last.headers.get(MESSAGE_ID) == message_id:
                return last.sequence
            raise Overtaken(subject)


def _why(error: APIError) -> str:
    return NO_ROOM if is_full(error) else str(error)
