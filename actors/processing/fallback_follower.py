"""How do the pages of one recording become its `video` and `audio`? In a child, each page as it comes, in order.

A part says in its headers which samples it ends with and from which page a decoder must begin to go on behind it. A
worker that takes over needs nothing else: what was not in a part yet is made again, as a new stretch. Every part
expects to follow the one before it, so of two workers one is refused (`Overtaken`) and stands back; and nobody begins
while another one's parts are fresh, for two would encode all of it twice.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Final

import structlog
from nats.aio.client import Client

from actors.jetstream.direct_get import Entry
from actors.jetstream.media_log import MediaLog
from actors.jetstream.media_writer import AGAIN_S, AWAY, MediaWriter, Overtaken, continuation
from actors.outside.limits import MEBIBYTE, Limits
from actors.outside.sandbox import Remote, Sandbox, Spoiled
from actors.processing.log_worker import LogWorker
from media.journal.page import page_of
from media.samples import Part
from media.transcoding.replay import Done, Made, Replay
from schemas.envelope import MESSAGE_ID
from schemas.errors import Unavailable
from schemas.ids import new_id
from schemas.media import AUDIO, VIDEO, to_headers
from schemas.raw import AUTHOR, RESUME, SOURCE, page_from_headers
from subjects import consumers, media, raw
from subjects.streams import MEDIA, RAW

LIMITS: Final = Limits(cpu_seconds=7 * 86_400, memory_bytes=2048 * MEBIBYTE, niceness=0)
"""A recording may be long, its picture large, and somebody watches."""
FRESH_S: Final = 4.0
CHILDREN: Final = 2  # that a page may cost: the machine may only have been too busy
END_REASON: Final = "Loom-Reason"

log = structlog.get_logger(__name__)


class Follower:
    """Makes one recording's parts in a child, which `let_go` ends. Used by one task."""

    def __init__(self, client: Client, recording_id: str, sandbox: Sandbox) -> None:
        self._client = client
        self._js = client.jetstream()
        self._log = MediaLog(client)
        self._raw = MediaLog(client, RAW)
        self._recording_id = recording_id
        self._sandbox = sandbox
        self._name = new_id()
        self._child = AsyncExitStack()
        self._replay: Remote | None = None
        self._writer = MediaWriter(client, MEDIA.name, {})
        self._failures: Counter[int] = Counter()  # of pages
        self.cursor = 0
        """Sequence of the last page of which everything is published that can be."""
        self.finished = False

    async def advance(self, end: int | None) -> None:
        """Publish what can be made of the pages in the log; all of it, and the end, when the `end` is known.

        Raises: Overtaken; what `log_worker.AWAY` names: `let_go` then, and the next call reads from the
        log where to go on.
        """
        if self._replay is None:
            self._replay = await self._begin()
        if self.finished or self._replay is None:
            return
        async for entry in self._pages(end):
            await self._publish(await self._made(self._replay, entry))
            self.cursor = entry.sequence
        if end is not None:
            await self._publish(await self._replay.call("end"))
            await self._say_end()
            self.finished = True

    async def let_go(self) -> None:
        """End the child."""
        self._replay = None
        await self._child.aclose()

    async def _begin(self) -> Remote | None:
        """A child that goes on behind what is there; None when the recording has ended.

        Raises: Overtaken; Unavailable when that is not certain.
        """
        if await self._log.known(media.end(self._recording_id)):
            self.finished = True
            return None
        there, sequences = await continuation(self._client, self._recording_id)
        last = {name: await self._log.known(media.part(self._recording_id, name)) for name in (VIDEO, AUDIO)}
        if sequences != {entry.subject: entry.sequence for entry in last.values() if entry}:
            raise Unavailable("Somebody is writing, or a replica is behind.")
        self._stand_back([entry for entry in last.values() if entry])
        if any(entry and SOURCE not in entry.headers for entry in last.values()):
            last = await self._last_of_pages()
        done = _done(last)
        self._writer = MediaWriter(self._client, MEDIA.name, sequences)
        self.cursor = min(done.resume, page_of(done.audio) or done.resume) - 1 if done.resume else 0
        if there.discontinuity:
            log.info("goes on", recording=self._recording_id, stretch=there.stretch, page=self.cursor + 1)
        return await self._child.enter_async_context(self._sandbox.open(Replay, there, done, limits=LIMITS))

    async def _last_of_pages(self) -> dict[str, Entry | None]:
        """The last parts that were made of pages: another source's parts are in front of them, or behind."""
        last: dict[str, Entry | None] = {VIDEO: None, AUDIO: None}
        for entry in await self._log.entries(self._recording_id):
            address = media.address(entry.subject)
            if address.kind == "part" and SOURCE in entry.headers and address.rendition in last:
                last[address.rendition] = entry
        return last

    def _stand_back(self, last: Sequence[Entry]) -> None:
        for entry in last:
            if entry.headers.get(AUTHOR, self._name) != self._name and _age_s(entry) < FRESH_S:
                raise Overtaken(entry.headers[AUTHOR])

    async def _pages(self, end: int | None) -> AsyncIterator[Entry]:
        """What there is behind the cursor; a log that is away is waited for: the child goes on without a seam."""
        while True:
            try:
                async for entry in self._raw.read(raw.page(self._recording_id), self.cursor + 1, end):
                    yield entry
            except AWAY as error:
                log.warning("the log is away", recording=self._recording_id, why=repr(error))
                await asyncio.sleep(AGAIN_S)
            else:
                return

    async def _made(self, replay: Remote, entry: Entry) -> list[Made]:
        """The parts that a page completes; none of one that cannot be read, or that no child survives."""
        if self._failures[entry.sequence] >= CHILDREN:
            return []
        try:
            said, late_s = page_from_headers(entry.headers), _age_s(entry)
            made: list[Made] = await replay.call("take", entry.sequence, said, entry.data, late_s)
        except (KeyError, ValueError, Spoiled) as error:
            log.warning("a page cannot be used", recording=self._recording_id, page=entry.sequence, why=str(error))
            self._failures[entry.sequence] += 1
            if replay.is_over:
                raise Unavailable("The decoder did not survive a page; another one tries.") from error
            return []
        return made

    async def _publish(self, made: Sequence[Made]) -> None:
        for one in made:
            output = one.output
            is_part = isinstance(output, Part)
            subject = (media.part if is_part else media.init)(self._recording_id, output.rendition)
            named = media.message_id(self._recording_id, output.rendition, output.headers)
            headers = to_headers(output.headers) | {MESSAGE_ID: f"{named}.{self._name}"}
            if isinstance(output, Part):
                headers |= {SOURCE: str(output.origin), RESUME: str(one.resume), AUTHOR: self._name}
            await self._writer.write(subject, output.data, headers, fenced=is_part)

    async def _say_end(self) -> None:
        """With the reason that the pages ended for."""
        end = await self._raw.known(raw.end(self._recording_id))
        headers = {name: value for name, value in (end.headers if end else {}).items() if name == END_REASON}
        named = {MESSAGE_ID: media.message_id(self._recording_id, "all", None)}
        await self._js.publish(media.end(self._recording_id), b"", headers=headers | named)


def worker(client: Client, sandbox: Sandbox) -> LogWorker:
    """Follows the pages of all recordings."""
    return LogWorker(client, consumers.FALLBACK, raw.address, lambda named: Follower(client, named, sandbox))


def _age_s(entry: Entry) -> float:
    return (datetime.now(UTC) - entry.stored_at).total_seconds() if entry.stored_at else 0.0


def _done(last: Mapping[str, Entry | None]) -> Done:
    """As far as the last parts were made of pages."""
    video, audio = (int(entry.headers.get(SOURCE, 0)) if (entry := last[name]) else 0 for name in (VIDEO, AUDIO))
    resume = max((int(entry.headers.get(RESUME, 0)) for entry in last.values() if entry), default=0)
    return Done(video, audio, resume or page_of(audio))
