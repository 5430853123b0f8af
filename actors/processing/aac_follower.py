"""How does the AAC rendition of one recording follow its Opus rendition? From the log, behind its own last part.

Each AAC part says in its headers which Opus part it came from and where a decoder must begin to go on behind it. A
worker that takes over needs nothing else. Every publish expects to follow the part before it: of two workers at the
same recording one is refused (`Overtaken`) and stands back.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog
from av.error import FFmpegError
from nats.aio.client import Client
from nats.js.errors import APIError

from actors.jetstream.direct_get import Entry
from actors.jetstream.media_log import MediaLog
from actors.processing.aac_rendition import INIT, AacPart, AacRendition, Position
from media.audio.aac import BIT_RATES, FRAME, SAMPLE_RATE, OpusPacket
from media.cmaf import fragment, init
from schemas.envelope import EXPECTED_LAST_SUBJECT_SEQUENCE, MESSAGE_ID
from schemas.media import AAC, AUDIO, FINAL, InitHeaders, init_from_headers, part_from_headers, to_headers
from subjects import media

SOURCE: Final = "Loom-Source-Sequence"
RESUME: Final = "Loom-Resume-Sequence"
CODEC: Final = "mp4a.40.2"
WRONG_LAST_SEQUENCE: Final = 10071  # ADR-22
DAMAGED: Final = (ValueError, KeyError, IndexError, FFmpegError)

InThread = Callable[[Callable[[], list[AacPart]]], Awaitable[list[AacPart]]]
"""Runs codec work beside the event loop."""

log = structlog.get_logger(__name__)


class Overtaken(Exception):
    """Another worker has published this part; it makes the rendition from here on."""


class Follower:
    """Makes one recording's AAC rendition. `advance` is called by one task at a time."""

    def __init__(self, client: Client, recording_id: str, in_thread: InThread) -> None:
        self._js = client.jetstream()
        self._log = MediaLog(client)
        self._recording_id = recording_id
        self._in_thread = in_thread
        self._opus = media.part(recording_id, AUDIO)
        self._aac = media.part(recording_id, AAC)
        self._rendition: AacRendition | None = None
        self._expected = 0
        self.cursor = 0
        """Sequence of the last Opus part whose AAC is published."""
        self.finished = False

    async def advance(self, end: int | None) -> None:
        """Publish what can be made of the Opus parts in the log; all of it when the `end` is known (by sequence).

        Raises: Overtaken; nats.errors.Error or OSError when NATS is away: the follower must then be made anew.
        """
        if self._rendition is None and not await self._begin():
            self.finished = end is not None  # it was a recording without sound
        if self.finished or self._rendition is None:
            return
        async for entry in self._log.read(self._opus, self.cursor + 1, end):
            await self._publish(await self._made(entry))
            self.cursor = entry.sequence
        if end is not None:
            await self._publish(await self._in_thread(self._rendition.end))
            self.finished = True

    async def _begin(self) -> bool:
        """Find out where the rendition stands; False while there is no Opus."""
        opus = await self._log.known(media.init(self._recording_id, AUDIO))
        if opus is None:
            return False
        channels = min(max(init_from_headers(opus.headers).channels, 1), max(BIT_RATES))
        last = await self._log.last(self._aac)
        if last is None:
            self._rendition = AacRendition(channels)
            await self._publish_init(channels)
            return True
        self._expected = last.sequence
        self.finished = FINAL in last.headers
        position = Position(part_from_headers(last.headers), int(last.headers[SOURCE]))
        self._rendition = AacRendition(channels, position)
        self.cursor = int(last.headers[RESUME]) - 1
        log.info("goes on", recording=self._recording_id, segment=position.said.segment, part=position.said.part)
        return True

    async def _made(self, entry: Entry) -> list[AacPart]:
        """The AAC parts that an Opus part completes; silence in place of one that cannot be read."""
        rendition = self._rendition
        assert rendition is not None
        said = part_from_headers(entry.headers)
        try:
            packets = [OpusPacket(sample.data, sample.duration) for sample in fragment.read(entry.data).samples]
            return await self._in_thread(lambda: rendition.add(entry.sequence, said, packets))
        except DAMAGED:
            log.exception("Opus part is damaged, silence instead", subject=entry.subject, sequence=entry.sequence)
            return await self._in_thread(lambda: rendition.add(entry.sequence, said, []))

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


def _fragment(part: AacPart) -> bytes:
    """The chunk; its sequence number grows with segment and part."""
    samples = [fragment.Sample(data, FRAME) for data in part.frames]
    return fragment.write(part.said.segment << 8 | part.said.part, part.said.decode_time, samples)
