"""Which recordings does the edge hold at this moment? Those somebody asked for lately; live ones follow the log."""

import asyncio
from contextlib import suppress
from typing import Final

import msgspec
import structlog
from nats.aio.client import Client as Nats
from nats.aio.msg import Msg

from actors.jetstream.follower import AWAY, Follower
from actors.jetstream.tasks import ended
from actors.runtime.client import Client
from gateways.edge.response import problem, unavailable
from gateways.edge.sources import Sources
from gateways.edge.window import Window
from media.hls import index as indices
from media.hls.index import RecordingIndex
from media.hls.media_playlist import Timing
from schemas.errors import Gone, NotFound, Unavailable
from schemas.ids import RecordingId
from schemas.processing import RenditionMade
from schemas.recording import GetRecording, RecordingDeleted
from subjects import events, live, media, objects

UNUSED_S: Final = 60.0
SWEEP_S: Final = 5.0
WATCHED_S: Final = 10.0
"""So long ago somebody may have asked for what is being watched."""
UNKNOWN_S: Final = 1.0
DELETED_S: Final = 600.0
MOST_REFUSED: Final = 10_000
MOST_OPENING: Final = 500
ASK_S: Final = 2.0
log = structlog.get_logger(__name__)


class Windows:
    """Makes windows when they are first asked for and drops them when nobody asks any more."""

    def __init__(
        self, nats: Nats, sources: Sources, timing: Timing, end_delay_s: float, owner: asyncio.TaskGroup
    ) -> None:
        self._nats = nats
        self._sources = sources
        self._timing = timing
        self._end_delay_s = end_delay_s
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._open: dict[str, Window] = {}
        self._opening: dict[str, asyncio.Task[Window]] = {}
        self._following: dict[str, tuple[Follower, asyncio.Task[None]]] = {}
        self._refused: dict[str, tuple[float, NotFound | Gone]] = {}
        self._unread: set[str] = set()  # whose renditions are not known, for storage or NATS was away

    def __len__(self) -> int:
        return len(self._open)

    def peek(self, recording_id: str) -> Window | None:
        """The window, if it is open."""
        window = self._open.get(recording_id)
        if window:
            window.last_used = self._loop.time()
        return window

    def is_deleted(self, recording_id: str) -> bool:
        """Whether it was said so lately."""
        return isinstance(self._refused.get(recording_id, (0.0, None))[1], Gone)

    async def open(self, recording_id: str) -> Window:
        """The window, made if need be. Raises NotFound, Gone or Unavailable."""
        if window := self.peek(recording_id):
            return window
        until, refusal = self._refused.get(recording_id, (0.0, None))
        if refusal and until > self._loop.time():
            raise refusal
        task = self._opening.get(recording_id)
        if task is None:
            if len(self._opening) >= MOST_OPENING:
                raise Unavailable("Too many recordings are being opened; try again in a moment.")
            task = self._opening[recording_id] = self._loop.create_task(self._make(recording_id))
            task.add_done_callback(lambda done: self._opened(recording_id, done))
        return await asyncio.shield(task)

    async def run(self) -> None:
        """Forget what was deleted and what nobody watches, until cancelled."""
        subscription = await self._nats.subscribe(events.every(RecordingDeleted), cb=self._deleted)
        made = await self._nats.subscribe(events.every(RenditionMade), cb=self._rendition_made)
        connection = self._nats.stats["reconnects"]
        try:
            while True:
                await asyncio.sleep(SWEEP_S)
                self._drop_unused()
                await self._say_watched(*self._open)
                if connection != self._nats.stats["reconnects"] and self._nats.is_connected:
                    connection = self._nats.stats["reconnects"]
                    await self._look_for_deleted()
                    self._unread |= self._open.keys()
                for window in [self._open[one] for one in self._unread & self._open.keys()]:
                    await self._add_renditions(window)
        finally:
            if not self._nats.is_closed:
                await subscription.unsubscribe()
                await made.unsubscribe()

    async def close(self) -> None:
        """Follow nothing any more; whoever waits is told to come again."""
        await ended(self._opening.values())
        for recording_id in list(self._open):
            if window := self._drop(recording_id):
                window.refuse(unavailable("This server is being restarted; try again in a moment."))

    # --- inside -------------------------------------------------------------------------------------------------------

    async def _make(self, recording_id: str) -> Window:
        """What storage has is whole; else the log. What nobody knows of costs neither of them anything."""
        known = await self._known(recording_id)
        if isinstance(known, NotFound | Gone):
            raise known
        archived = await self._archived(recording_id)
        if isinstance(archived, RecordingIndex):
            window = self._window(recording_id, archived, archived=True)
            await self._add_renditions(window)
            self._open[recording_id] = window
            return window
        window = self._window(recording_id, RecordingIndex())
        follower = Follower(self._nats, media.recording(recording_id), window.take)
        try:
            await follower.catch_up()
        except AWAY as error:
            raise Unavailable("The media log does not answer; try again in a moment.") from error
        if not window.index.renditions:
            for missing in (archived, known):
                if missing:
                    raise missing
        if window.index.ended:
            await self._add_renditions(window)
        self._open[recording_id] = window
        self._following[recording_id] = follower, self._owner.create_task(follower.run())
        await self._say_watched(recording_id)
        return window

    async def _archived(self, recording_id: str) -> RecordingIndex | Unavailable | None:
        """What the archiver has left; None when there is nothing yet."""
        try:
            found = await self._sources.from_store(objects.index(recording_id))
            return indices.decode(found) if found is not None else None
        except Unavailable as error:
            return error
        except msgspec.MsgspecError as error:
            log.warning("index.json cannot be read; trying the log", recording=recording_id, why=str(error))
            return None

    async def _add_renditions(self, window: Window) -> None:
        """What was made after the recording; while storage is away there is none, and it is asked again."""
        try:
            found = await self._sources.from_store(objects.renditions(window.recording_id))
            if found is not None:
                window.add_stored(indices.decode(found))
            self._unread.discard(window.recording_id)
        except Unavailable:
            self._unread.add(window.recording_id)
        except msgspec.MsgspecError as error:
            self._unread.discard(window.recording_id)
            log.warning("renditions.json cannot be read", recording=window.recording_id, why=str(error))

    async def _rendition_made(self, message: Msg) -> None:
        if window := self._open.get(events.entity_of(message.subject)):
            await self._add_renditions(window)

    async def _known(self, recording_id: str) -> NotFound | Gone | Unavailable | None:
        """Whether the recording exists, as far as somebody can be asked."""
        try:
            await Client(self._nats).ask(GetRecording(RecordingId(recording_id)), deadline_s=ASK_S, patient=False)
        except (NotFound, Gone, Unavailable) as error:
            return error
        return None

    def _drop_unused(self) -> None:
        now = self._loop.time()
        for recording_id, window in list(self._open.items()):
            if now - window.last_used > UNUSED_S and not len(window.waiting):
                self._drop(recording_id)

    async def _say_watched(self, *recording_ids: str) -> None:
        """Of those that are live and were asked for lately: a worker may make them smaller (`subjects.live`)."""
        now = self._loop.time()
        for recording_id in recording_ids:
            window = self._open.get(recording_id)
            is_live = window is not None and not window.archived and not window.index.ended
            if window and is_live and now - window.last_used <= WATCHED_S and self._nats.is_connected:
                with suppress(*AWAY):  # it is said again
                    await self._nats.publish(live.watched(recording_id))

    async def _look_for_deleted(self) -> None:
        """What was deleted while NATS was away was not heard."""
        for recording_id in list(self._open):
            if isinstance(await self._known(recording_id), Gone):
                self._forget(recording_id)

    def _opened(self, recording_id: str, done: asyncio.Task[Window]) -> None:
        self._opening.pop(recording_id, None)
        error = None if done.cancelled() else done.exception()
        if isinstance(error, NotFound | Gone):
            self._refuse(recording_id, error, UNKNOWN_S)

    def _refuse(self, recording_id: str, refusal: NotFound | Gone, seconds: float) -> None:
        if len(self._refused) >= MOST_REFUSED:
            self._refused.clear()
        self._refused[recording_id] = (self._loop.time() + seconds, refusal)

    async def _deleted(self, message: Msg) -> None:
        self._forget(events.entity_of(message.subject))

    def _forget(self, recording_id: str) -> None:
        self._refuse(recording_id, Gone("This recording has been deleted."), DELETED_S)
        if window := self._drop(recording_id):
            window.refuse(problem(410, "This recording has been deleted."))

    def _window(self, recording_id: str, index: RecordingIndex, *, archived: bool = False) -> Window:
        payloads = self._sources.payloads
        window = Window(recording_id, index, payloads, self._timing, self._end_delay_s, archived=archived)
        window.last_used = self._loop.time()
        return window

    def _drop(self, recording_id: str) -> Window | None:
        self._unread.discard(recording_id)
        if recording_id in self._following:
            follower, task = self._following.pop(recording_id)
            follower.stop()
            task.cancel()
        return self._open.pop(recording_id, None)
