"""Which sources does this process have? At most so many; one a recording: the latest takes over from the one before."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import uuid4

import structlog
from nats.aio.client import Client as Nats
from nats.aio.msg import Msg

from gateways.ingest.session import DELETED, DRAINING, OVERTAKEN, STOPPED, Session
from schemas.errors import Unavailable
from schemas.recording import RecordingDeleted, RecordingPaused, RecordingResumed, RecordingStopped
from subjects import events, live
from subjects.events import entity_of

CLOSE_S: Final = 8.0
MOST_LEFT: Final = 1_000
log = structlog.get_logger(__name__)


class Sessions:
    """The sessions of one process, by their unguessable names."""

    def __init__(self, nats: Nats, most: int, owner: asyncio.TaskGroup) -> None:
        self._nats = nats
        self._most = most
        self._owner = owner
        self._open: dict[str, Session] = {}
        self._left: OrderedDict[str, Session] = OrderedDict()  # the last source of a recording, when it has gone
        self._acknowledged = 0  # parts of those that have gone
        self.is_draining = False

    def __len__(self) -> int:
        return len(self._open)

    def get(self, name: str) -> Session | None:
        """A session that is still open."""
        return self._open.get(name)

    def room(self) -> None:
        """Raises Unavailable when there is none."""
        if self.is_draining:
            raise Unavailable("This gateway is shutting down; connect again in a moment.")
        if len(self._open) >= self._most:
            raise Unavailable(f"This gateway has all the {self._most} sources it takes; try again in a moment.")

    def add(self, session: Session) -> str:
        """Keep a session and let it run; its name. Raises Unavailable."""
        self.room()
        name = uuid4().hex
        self._open[name] = session
        self._owner.create_task(self._run(name, session))
        return name

    def statistics(self) -> dict[str, int]:
        """Bytes that wait for the log, and what it has acknowledged since the process began."""
        found = [session.statistics() for session in self._open.values()]
        return {
            "waiting_bytes": sum(one["waiting_bytes"] for one in found),
            "acknowledged": self._acknowledged + sum(one["acknowledged"] for one in found),
        }

    async def follow(self) -> list[Callable[[], Awaitable[None]]]:
        """Listen to what happens to recordings; gives back how to stop listening."""
        subscriptions = [
            await self._nats.subscribe(events.every(RecordingPaused), cb=self._paused),
            await self._nats.subscribe(events.every(RecordingResumed), cb=self._resumed),
            await self._nats.subscribe(events.every(RecordingStopped), cb=self._stopped),
            await self._nats.subscribe(events.every(RecordingDeleted), cb=self._deleted),
            await self._nats.subscribe(live.TAKEOVERS, cb=self._taken_over),
        ]
        return [subscription.unsubscribe for subscription in subscriptions]

    async def refresh(self) -> None:
        """Ask how each recording is; after NATS was away."""
        for session in list(self._open.values()):
            await session.refresh()

    async def close(self, name: str, why: str) -> None:
        """Close one and wait until its parts are stored."""
        session = self._open.get(name)
        if session:
            session.stop(why)
            async with asyncio.timeout(CLOSE_S):
                await session.finished.wait()

    async def drain(self) -> None:
        """Close all."""
        self.is_draining = True
        for session in self._open.values():
            session.stop(DRAINING)
        await asyncio.gather(*(session.finished.wait() for session in list(self._open.values())))

    async def _run(self, name: str, session: Session) -> None:
        async def make_way() -> None:
            others = [other for other in self._of(session.recording_id) if other is not session and other.connected]
            for other in others:
                other.stop(OVERTAKEN)
            await asyncio.gather(*(other.finished.wait() for other in others))

        try:
            await session.run(make_way)
        finally:
            self._open.pop(name, None)
            self._acknowledged += session.statistics()["acknowledged"]
            if session.is_whole:
                self._left[session.recording_id] = session
            if len(self._left) > MOST_LEFT:
                self._left.popitem(last=False)

    def _of(self, recording_id: str) -> list[Session]:
        return [session for session in self._open.values() if session.recording_id == recording_id]

    async def _paused(self, message: Msg) -> None:
        for session in self._of(entity_of(message.subject)):
            session.pause()

    async def _resumed(self, message: Msg) -> None:
        for session in self._of(entity_of(message.subject)):
            session.resume()

    async def _stopped(self, message: Msg) -> None:
        """Who sends closes and says the end; who has sent, and left, says it at once."""
        recording_id = entity_of(message.subject)
        sending = [session for session in self._of(recording_id) if session.connected]
        for session in sending:
            session.stop(STOPPED, end_reason="stopped")
        left = self._left.pop(recording_id, None)
        if left and not sending:
            self._owner.create_task(left.say_end("stopped"))

    async def _deleted(self, message: Msg) -> None:
        for session in self._of(entity_of(message.subject)):
            session.stop(DELETED)

    async def _taken_over(self, message: Msg) -> None:
        recording_id, by = message.subject.split(".")[2], message.data.decode()
        self._left.pop(recording_id, None)
        for session in self._of(recording_id):
            if session.etag != by and session.connected:
                session.stop(OVERTAKEN)
