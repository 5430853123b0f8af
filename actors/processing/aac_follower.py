"""How does the AAC rendition of one recording follow its Opus rendition? From the log, behind its own last part.

Each AAC part says in its headers which Opus part it came from and where a decoder must begin to go on behind it. A
worker that takes over needs nothing else. Every publish expects to follow the part before it: of two workers at the
same recording one is refused (`Overtaken`) and stands back.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

import structlog
from nats.aio.client import Client
from nats.js.errors import APIError

from actors.jetstream.direct_get import Entry
from actors.jetstream.media_log import MediaLog
from actors.jetstream.media_writer import Overtaken
from actors.outside.limits import Limits
from actors.outside.sandbox import Remote, Sandbox, Spoiled
from actors.processing.aac_rendition import INIT, AacPart, AacRendition, Position
from actors.processing.log_worker import LogWorker
from media.audio.aac import BIT_RATES, FRAME, SAMPLE_RATE, OpusPacket
from media.cmaf import fragment, init
from schemas.envelope import EXPECTED_LAST_SUBJECT_SEQUENCE, MESSAGE_ID
from schemas.errors import Unavailable
from schemas.media import (
    AAC,
    AUDIO,
    FINAL,
    InitHeaders,
    PartHeaders,
    init_from_headers,
    part_from_headers,
    to_headers,
)
from subjects import consumers, media

SOURCE: Final = "Loom-Source-Sequence"
RESUME: Final = "Loom-Resume-Sequence"
CODEC: Final = "mp4a.40.2"
WRONG_LAST_SEQUENCE: Final = 10071  # ADR-22
DAMAGED: Final = (ValueError, KeyError, IndexError, Spoiled)
LIMITS: Final = Limits(cpu_seconds=86_400, niceness=0)
"""A recording may be long, and somebody listens."""

log = structlog.get_logger(__name__)


class Follower:
    """Makes one recording's AAC rendition in a child, which `let_go` ends. Used by one task."""

    def __init__(self, client: Client, recording_id: str, sandbox: Sandbox) -> None:
        self._js = client.jetstream()
        self._log = MediaLog(client)
        self._recording_id = recording_id
        self._sandbox = sandbox
        self._child = AsyncExitStack()
        self._opus = media.part(recording_id, AUDIO)
        self._aac = media.part(recording_id, AAC)
        self._rendition: Remote | None = None
        self._damaged: set[int] = set()  # sequences of Opus parts that a child did not survive
        self._expected = 0
        self.cursor = 0
        """Sequence of the last Opus part whose AAC is published."""
        self.finished = False

    async def advance(self, end: int | None) -> None:
        """Publish what can be made of the Opus parts in the log; all of it when the `end` is known (by sequence).

        Raises: Overtaken; what `log_worker.AWAY` names when NATS or the child is away: `let_go` then,
        and the next call reads from the log where to go on.
        """
        if self._rendition is None and not await self._begin():
            self.finished = end is not None  # it was a recording without sound
        if self.finished or self._rendition is None:
            return
        async for entry in self._log.read(self._opus, self.cursor + 1, end):
            await self._publish(await self._made(entry))
            self.cursor = entry.sequence
        if end is not None:
            await self._publish(await self._rendition.call("end"))
            self.finished = True

    async def let_go(self) -> None:
        """End the child."""
        self._rendition = None
        await self._child.aclose()

    async def _open(self, channels: int, position: Position | None = None) -> Remote:
        opening = self._sandbox.open(AacRendition, channels, position, limits=LIMITS)
        return await self._child.enter_async_context(opening)

    async def _begin(self) -> bool:
        """Find out where the rendition stands; False while there is no Opus."""
        opus = await self._log.known(media.init(self._recording_id, AUDIO))
        if opus is None:
            return False
        channels = min(max(init_from_headers(opus.headers).channels, 1), max(BIT_RATES))
        last = await self._log.last(self._aac)
        if last is None:
            self._expected = self.cursor = 0
            self._rendition = await self._open(channels)
            await self._publish_init(channels)
            return True
        self._expected = last.sequence
        self.finished = FINAL in last.headers
        position = Position(part_from_headers(last.headers), int(last.headers[SOURCE]))
        self._rendition = await self._open(channels, position)
        self.cursor = int(last.headers[RESUME]) - 1
        log.info("goes on", recording=self._recording_id, segment=position.said.segment, part=position.said.part)
        return True

    async def _made(self, entry: Entry) -> list[AacPart]:
        """The AAC parts that an Opus part completes; silence in place of one that cannot be read."""
        rendition = self._rendition
        assert rendition is not None
        said = part_from_headers(entry.headers)
        packets: list[OpusPacket] = []
        try:
            if entry.sequence not in self._damaged:
                packets = [OpusPacket(sample.data, sample.duration) for sample in fragment.read(entry.data).samples]
            return await self._added(rendition, entry, said, packets)
        except DAMAGED as error:
            log.warning("Opus part is damaged, silence instead", sequence=entry.sequence, error=str(error))
            self._damaged.add(entry.sequence)
        if rendition.is_over:
            raise Unavailable("The decoder did not survive a part; another one goes on behind it.")
        return await self._added(rendition, entry, said, [])

    async def _added(
        self, rendition: Remote, entry: Entry, said: PartHeaders, packets: list[OpusPacket]
    ) -> list[AacPart]:
        made: list[AacPart] = await rendition.call("add", entry.sequence, said, packets)
        return made

    async def _publish_init(self, channels: int) -> None:
        said = InitHeaders(INIT, CODEC, SAMPLE_RATE, channels=channels)
        headers = to_headers(said) | {MESSAGE_ID: media.message_id(self._recording_id, AAC, said)}
        data = init.aac(channels, BIT_RATES[channels])
        await self._js.publish(media.init(self._recording_id, AAC), data, headers=headers)

    async def _publish(self, parts: Sequence[AacPart]) -> None:
        for part in parts:
            headers = self._headers(part)
            try:
                ack = await self._js.publish(self._aac, _fragment(part), headers=headers)
                self._expected = ack.seq
            except APIError as error:
                if error.err_code != WRONG_LAST_SEQUENCE:
                    raise
                self._expected = await self._stored_before(headers[MESSAGE_ID])

    def _headers(self, part: AacPart) -> dict[str, str]:
        headers = to_headers(part.said) | {
            MESSAGE_ID: media.message_id(self._recording_id, AAC, part.said),
            EXPECTED_LAST_SUBJECT_SEQUENCE: str(self._expected),
            SOURCE: str(part.source),
            RESUME: str(part.resume),
        }
        return headers | ({FINAL: "1"} if part.final else {})

    async def _stored_before(self, message_id: str) -> int:
        """The sequence of the very part that was refused, when it is stored already: its acknowledgement was lost."""
        last = await self._log.last(self._aac)
        if last is None or last.headers.get(MESSAGE_ID) != message_id:
            raise Overtaken(message_id)
        return last.sequence


def worker(client: Client, sandbox: Sandbox) -> LogWorker:
    """Follows the Opus renditions of all recordings."""
    return LogWorker(client, consumers.AAC, media.address, lambda named: Follower(client, named, sandbox))


def _fragment(part: AacPart) -> bytes:
    """The chunk; its sequence number grows with segment and part."""
    samples = [fragment.Sample(data, FRAME) for data in part.frames]
    return fragment.write(part.said.segment << 8 | part.said.part, part.said.decode_time, samples)
