"""Which recordings does the edge hold at this moment? Those somebody asked for lately, live or archived."""

import asyncio
from typing import Final

import msgspec
import structlog
from nats.aio.client import Client as Nats
from obstore.store import ObjectStore

from actors.runtime.client import Client
from gateways.edge.follower import AWAY, Follower
from gateways.edge.payloads import Payloads
from gateways.edge.window import Window
from media.hls import index as indices
from media.hls.index import IndexedSegment, RecordingIndex
from media.hls.media_playlist import Timing
from schemas.errors import Gone, NotFound, Unavailable
from schemas.ids import RecordingId
from schemas.recording import GetRecording, RecordingDeleted
from subjects import events, media, objects
from subjects.streams import MEDIA

UNUSED_S: Final = 60.0
SWEEP_S: Final = 5.0
UNKNOWN_S: Final = 1.0
MOST_UNKNOWN: Final = 10_000
log = structlog.get_logger(__name__)


class Windows:
    """Makes windows when they are first asked for and drops them when nobody asks any more."""

    def __init__(
        self,
        nats: Nats,
        store: ObjectStore,
        payloads: Payloads,
        timing: Timing,
        end_delay_s: float,
        owner: asyncio.TaskGroup,
    ) -> None:
        self._nats = nats
        self._store = store
        self._payloads = payloads
        self._timing = timing
        self._end_delay_s = end_delay_s
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._open: dict[str, Window] = {}
        self._opening: dict[str, asyncio.Task[Window]] = {}
        self._following: dict[str, asyncio.Task[None]] = {}
        self._refused: dict[str, tuple[float, NotFound | Gone]] = {}

    def peek(self, recording_id: str) -> Window | None:
        """The window, if it is open."""
        window = self._open.get(recording_id)
        if window:
            window.last_used = self._loop.time()
        return window

    async def open(self, recording_id: str) -> Window:
        """The window, made if need be. Raises NotFound, Gone or Unavailable."""
        if window := self.peek(recording_id):
            return window
        until, refusal = self._refused.get(recording_id, (0.0, None))
        if refusal and until > self._loop.time():
            raise refusal
        task = self._opening.get(recording_id)
        if task is None:
            task = self._opening[recording_id] = self._loop.create_task(self._make(recording_id))
            task.add_done_callback(lambda _: self._opening.pop(recording_id, None))
        try:
            return await asyncio.shield(task)
        except (NotFound, Gone) as refused:
            if len(self._refused) >= MOST_UNKNOWN:
                self._refused.clear()
            self._refused[recording_id] = (self._loop.time() + UNKNOWN_S, refused)
            raise

    async def run(self) -> None:
        """Forget what was deleted and what nobody watches, until cancelled."""

        async def deleted(message: object) -> None:
            recording_id = events.entity_of(message.subject)  # type: ignore[attr-defined]
            if window := self._drop(recording_id):
                window.forget()

        subscription = await self._nats.subscribe(events.every(RecordingDeleted), cb=deleted)
        try:
            while True:
                await asyncio.sleep(SWEEP_S)
                unused = [i for i, w in self._open.items() if self._loop.time() - w.last_used > UNUSED_S]
                for recording_id in unused:
                    self._drop(recording_id)
        finally:
            await subscription.unsubscribe()

    def close(self) -> None:
        """Follow nothing any more."""
        for recording_id in list(self._open):
            self._drop(recording_id)

    # --- bytes --------------------------------------------------------------------------------------------------------

    async def init(self, window: Window, rendition: str, number: int) -> bytes | None:
        """An init segment; None when there is no such thing."""
        known = window.init(rendition, number)
        if known is None:
            return None
        path = objects.init(window.recording_id, rendition, number)
        return await self._payloads.fetch(path, lambda: self._either(known.sequence, path))

    async def part(self, window: Window, rendition: str, segment: IndexedSegment, number: int) -> bytes | None:
        """A part of a segment."""
        part = segment.parts[number]
        if (found := self._payloads.get(part.sequence)) is not None:
            return found

        async def read() -> bytes | None:
            data = await self._from_log(part.sequence)
            if data is not None:
                return data
            whole = await self._from_store(objects.segment(window.recording_id, rendition, segment.number))
            start = sum(before.size_bytes for before in segment.parts[:number])
            return whole[start : start + part.size_bytes] if whole else None

        return await self._payloads.fetch((window.recording_id, part.sequence), read)

    async def segment(self, window: Window, rendition: str, segment: IndexedSegment) -> bytes | None:
        """A whole segment: its parts in memory, else the object, else the log."""
        held = [self._payloads.get(part.sequence) for part in segment.parts]
        if all(data is not None for data in held):
            return b"".join(data for data in held if data is not None)
        path = objects.segment(window.recording_id, rendition, segment.number)

        async def read() -> bytes | None:
            stored = await self._from_store(path)
            if stored is not None and len(stored) == segment.size_bytes:
                return stored
            parts = [await self.part(window, rendition, segment, n) for n in range(len(segment.parts))]
            return b"".join(data for data in parts if data) if all(parts) else None

        return await self._payloads.fetch((path, len(segment.parts)), read)

    async def poster(self, recording_id: str) -> bytes | None:
        """The picture, as it is now."""
        return await self._from_store(objects.poster(recording_id))

    # --- inside -------------------------------------------------------------------------------------------------------

    async def _make(self, recording_id: str) -> Window:
        archived = await self._from_store(objects.index(recording_id))
        if archived is not None:
            try:
                return self._keep(recording_id, indices.decode(archived))
            except msgspec.MsgspecError as error:
                log.warning("index.json cannot be read; trying the log", recording=recording_id, why=str(error))
        window = self._window(recording_id, RecordingIndex())
        follower = Follower(self._nats, media.recording(recording_id), window.take)
        try:
            await follower.catch_up()
        except AWAY as error:
            raise Unavailable("The media log does not answer; try again in a moment.") from error
        if not window.index.renditions:
            await Client(self._nats).ask(GetRecording(RecordingId(recording_id)))
        self._open[recording_id] = window
        self._following[recording_id] = self._owner.create_task(follower.run())
        return window

    def _keep(self, recording_id: str, index: RecordingIndex) -> Window:
        self._open[recording_id] = self._window(recording_id, index)
        return self._open[recording_id]

    def _window(self, recording_id: str, index: RecordingIndex) -> Window:
        window = Window(recording_id, index, self._payloads, self._timing, self._end_delay_s)
        window.last_used = self._loop.time()
        return window

    def _drop(self, recording_id: str) -> Window | None:
        if following := self._following.pop(recording_id, None):
            following.cancel()
        return self._open.pop(recording_id, None)

    async def _either(self, sequence: int, path: str) -> bytes | None:
        return await self._from_log(sequence) or await self._from_store(path)

    async def _from_log(self, sequence: int) -> bytes | None:
        """None when it was purged, or NATS is away."""
        try:
            return (await self._nats.jetstream().get_msg(MEDIA.name, sequence, direct=True)).data
        except AWAY:
            return None

    async def _from_store(self, path: str) -> bytes | None:
        """None when there is none. Raises Unavailable when storage is away."""
        try:
            return bytes(await (await self._store.get_async(path)).bytes_async())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unavailable("Storage does not answer; try again in a moment.") from error
