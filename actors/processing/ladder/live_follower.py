"""How does the live rung of one recording follow its picture? Part by part from the log, each with the same number.

It begins with the segment that is being recorded, behind the part that is there already: the parts before are decoded
once more, and a key frame makes what follows independent of whoever made them. Every part expects to follow the one
before it, so of two workers one is refused (`Overtaken`). Who falls behind goes on at a later key frame: what is left
out is a gap in the rung, and nothing waits for it.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog
from msgspec import structs
from nats.aio.client import Client

from actors.jetstream.direct_get import Entry
from actors.jetstream.follower import Follower
from actors.jetstream.media_log import MediaLog
from actors.jetstream.media_writer import MediaWriter
from actors.outside.limits import Limits
from actors.outside.sandbox import Remote, Sandbox
from media.track import PARTS_A_SEGMENT
from media.transcode.ladder import LIVE
from media.transcode.live_rung import LiveRung, RungPart
from schemas.envelope import MESSAGE_ID
from schemas.media import LIVE_RUNG, VIDEO, InitHeaders, PartHeaders, init_from_headers, part_from_headers, to_headers
from subjects import media
from subjects.streams import MEDIA

LIMITS: Final = Limits(seconds=20.0, cpu_seconds=7 * 86_400, niceness=5)
"""Behind whatever a recording needs, before jobs: somebody waits for it."""
BEFORE: Final = 20_000
"""So many messages of the log, of all recordings, are looked through for the beginning of a segment."""
CATCH_UP: Final = 8
"""Segments: a claim lasts for fifteen seconds when its worker has died."""
BEHIND: Final = 60
"""So many parts may wait, about twenty seconds; then those before the newest key frame are left out."""


log = structlog.get_logger(__name__)


class LiveFollower:
    """Makes one recording's live rung in a child. Used by one task."""

    def __init__(self, client: Client, recording_id: str, sandbox: Sandbox, encoder: str) -> None:
        self._client = client
        self._log = MediaLog(client)
        self._recording_id = recording_id
        self._sandbox = sandbox
        self._encoder = encoder
        self._subject = media.part(recording_id, LIVE_RUNG)
        self._waiting: deque[Entry] = deque()
        self._news = asyncio.Event()
        self._init = -1  # the number of the source's that the child decodes with
        self._said_init: tuple[int, bytes] | None = None
        self._done: PartHeaders | None = None

    async def run(self, is_wanted: Callable[[], bool]) -> None:
        """Until the recording has ended, or until nobody wants it at the beginning of a segment.

        At once when its picture is not larger than the rung.

        Raises: Overtaken, Spoiled; nats.errors.Error or OSError when NATS is away.
        """
        init = await self._log.last(media.init(self._recording_id, VIDEO))
        if init is None or not _is_larger(init_from_headers(init.headers)):
            return
        newest = await self._log.last(media.part(self._recording_id, VIDEO))
        made = await self._log.last(self._subject)
        writer = MediaWriter(self._client, MEDIA.name, {self._subject: made.sequence} if made else {})
        self._done = part_from_headers(made.headers) if made else None
        first = self._first(part_from_headers(newest.headers).segment if newest else 0)
        async with (
            self._following(newest.sequence - BEFORE if newest else 0),
            self._sandbox.open(LiveRung, self._encoder, limits=LIMITS) as rung,
        ):
            while (entry := await self._next()) is not None:
                said = part_from_headers(entry.headers)
                if said.segment < first:
                    continue
                if said.part == 0 and not is_wanted():
                    return
                if self._init >= 0 or (said.part == 0 and said.independent):
                    await self._follow(entry, said, rung, writer)

    def _first(self, newest: int) -> int:
        """The segment to begin with: where another one stopped, if that was a moment ago."""
        done = self._done
        return done.segment if done and newest - done.segment <= CATCH_UP else newest

    @asynccontextmanager
    async def _following(self, after: int) -> AsyncIterator[None]:
        """What comes into the log is put into the queue while the block runs."""
        follower = Follower(self._client, media.recording(self._recording_id), self._take)
        follower.last = max(after, 0)
        following = asyncio.create_task(follower.run())
        try:
            yield
        finally:
            follower.stop()
            await asyncio.wait([following])

    def _take(self, entry: Entry) -> None:
        address = media.address(entry.subject)
        if address.kind == "end" or (address.rendition, address.kind) == (VIDEO, "part"):
            self._waiting.append(entry)
            self._news.set()

    async def _next(self) -> Entry | None:
        """The next part of the picture; None at the end."""
        while not self._waiting:
            self._news.clear()
            await self._news.wait()
        if len(self._waiting) > BEHIND and self._init >= 0:
            self._leave_out()
        entry = self._waiting.popleft()
        return None if media.address(entry.subject).kind == "end" else entry

    def _leave_out(self) -> None:
        """All that waits before the newest key frame."""
        keys = [place for place, entry in enumerate(self._waiting) if entry.headers.get("Loom-Independent") == "1"]
        for _ in range(keys[-1] if keys else 0):
            self._waiting.popleft()
        if keys and keys[-1]:
            self._init = -1
            log.warning("the live rung is behind and leaves parts out", recording=self._recording_id, parts=keys[-1])

    async def _follow(self, entry: Entry, said: PartHeaders, rung: Remote, writer: MediaWriter) -> None:
        if said.init != self._init:
            init = await self._source_init(said.init)
            if init is None:
                return
            await rung.call("begin", init)
            self._init = said.init
        done = self._done
        if done and (said.segment, said.part) <= (done.segment, done.part):
            await rung.call("skip", entry.data)
            return
        if said.part > 0 and (done is None or (done.segment, done.part) != (said.segment, said.part - 1)):
            return  # there is none before it: the rung goes on with the next segment
        made: RungPart | None = await rung.call(
            "add", entry.data, said.segment * PARTS_A_SEGMENT + said.part + 1, said.independent
        )
        if made is not None:
            await self._publish(said, made, writer)

    async def _publish(self, said: PartHeaders, made: RungPart, writer: MediaWriter) -> None:
        if self._said_init != (said.init, made.init):
            head = InitHeaders(said.init, made.codec, said.timescale, made.width, made.height)
            await self._write(media.init(self._recording_id, LIVE_RUNG), made.init, head, writer)
            self._said_init = said.init, made.init
        part = structs.replace(said, independent=made.independent)
        await self._write(self._subject, made.data, part, writer)
        self._done = part

    async def _write(self, subject: str, data: bytes, said: InitHeaders | PartHeaders, writer: MediaWriter) -> None:
        headers = to_headers(said) | {MESSAGE_ID: media.message_id(self._recording_id, LIVE_RUNG, said)}
        await writer.write(subject, data, headers, fenced=isinstance(said, PartHeaders))

    async def _source_init(self, number: int) -> bytes | None:
        async for entry in self._log.read(media.init(self._recording_id, VIDEO), 1):
            if int(entry.headers["Loom-Number"]) == number:
                return entry.data
        return None


def _is_larger(source: InitHeaders) -> bool:
    return (source.width, source.height) != LIVE.fitted(source.width, source.height)
