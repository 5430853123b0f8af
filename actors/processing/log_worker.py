"""Who makes something of what comes into the log, as it comes? This worker: one task a recording, a `Follower` each.

The durable consumer says which recording has something new; a message is acknowledged when what is made of it is
published.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from typing import Final, Protocol

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from actors.jetstream.deliveries import Deliveries
from actors.jetstream.media_writer import Overtaken
from actors.outside.sandbox import Spoiled
from schemas.errors import Unavailable
from subjects.consumers import Consumer

AWAY: Final = (OSError, nats.errors.Error, Unavailable, Spoiled)
PULL_WAIT_S: Final = 1.0
MAX_WAITING: Final = 20_000
IDLE_S: Final = 60.0
STAND_BACK_S: Final = 2.0
HANDED_BACK_S: Final = 0.1
"""So long a message that was handed back waits: it may come here again, and nobody else be there."""
RETRY_S: Final = 0.5
LOOK_S: Final = 0.25
MOST_LOOKS: Final = 20

log = structlog.get_logger(__name__)


class Follower(Protocol):
    """Makes something of one recording's log. Used by one task."""

    cursor: int
    """Sequence of the last message of which everything is published."""
    finished: bool

    async def advance(self, end: int | None) -> None:
        """Publish what can be made of what the log holds; all of it when the `end` is known (by sequence).

        Raises: Overtaken when another worker does so; what `AWAY` names: `let_go` then, and the next call reads from
        the log where to go on.
        """

    async def let_go(self) -> None:
        """Free what it holds."""


class Address(Protocol):
    """What a subject says."""

    @property
    def recording_id(self) -> str:
        """Whose."""

    @property
    def kind(self) -> str:
        """The last one is "end"."""


class Desk:
    """What waits at one recording: deliveries by sequence, and the end when it has come."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        self.waiting: dict[int, Msg] = {}
        self.end: int | None = None
        self.news = asyncio.Event()
        self._looks = 0

    def take(self, delivery: Msg, *, is_end: bool) -> None:
        """Note what came."""
        sequence = delivery.metadata.sequence.stream
        self.waiting[sequence] = delivery
        if is_end:
            self.end = sequence
        self._looks = 0
        self.news.set()

    def look_again(self) -> None:
        """What was told of could not be read: a replica is behind. Not for ever: it may have been purged."""
        self._looks += 1
        if self._looks <= MOST_LOOKS:
            asyncio.get_running_loop().call_later(LOOK_S, self.news.set)

    async def has_news(self) -> bool:
        """Wait for something to do; False when nothing came for long."""
        try:
            async with asyncio.timeout(IDLE_S):
                await self.news.wait()
        except TimeoutError:
            return False
        self.news.clear()
        return True

    async def stand_back(self) -> None:
        """For a while all that comes is handed back, for whoever is at it."""
        until = asyncio.get_running_loop().time() + STAND_BACK_S
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                while True:
                    while self.waiting:
                        await self.waiting.popitem()[1].nak(HANDED_BACK_S)
                    self.news.clear()
                    await self.news.wait()


class LogWorker:
    """Follows what `consumer` tells of, recording by recording. `run` until cancelled."""

    def __init__(
        self,
        client: Client,
        consumer: Consumer,
        address: Callable[[str], Address],
        follower: Callable[[str], Follower],
    ) -> None:
        self._client = client
        self._consumer = consumer
        self._address = address
        self._follower = follower
        self._desks: dict[str, Desk] = {}

    async def run(self) -> None:
        """Pull, and give each recording its task."""
        async with asyncio.TaskGroup() as tasks, aclosing(Deliveries(self._client, self._consumer)) as deliveries:
            while True:
                for delivery in await self._pull(deliveries):
                    self._take(delivery, tasks)

    def statistics(self) -> dict[str, int]:
        """How many recordings are being followed, how many messages wait."""
        return {"recordings": len(self._desks), "waiting": sum(len(desk.waiting) for desk in self._desks.values())}

    async def _pull(self, deliveries: Deliveries) -> list[Msg]:
        """What is new; nothing while too much waits already or the server is away."""
        if self.statistics()["waiting"] < MAX_WAITING:
            try:
                return await deliveries.fetch(PULL_WAIT_S)
            except AWAY as error:
                log.warning("cannot pull, will try again", error=repr(error))
        await asyncio.sleep(PULL_WAIT_S)
        return []

    def _take(self, delivery: Msg, tasks: asyncio.TaskGroup) -> None:
        delivery.data = b""
        address = self._address(delivery.subject)
        recording_id = address.recording_id
        desk = self._desks.get(recording_id)
        if desk is None:
            desk = self._desks[recording_id] = Desk(self._follower(recording_id))
            tasks.create_task(self._follow(recording_id, desk))
        desk.take(delivery, is_end=address.kind == "end")

    async def _follow(self, recording_id: str, desk: Desk) -> None:
        """One recording, until its end or until nothing comes any more; the log knows where to go on."""
        try:
            while not desk.follower.finished and await desk.has_news():
                await self._advance(recording_id, desk)
        finally:
            del self._desks[recording_id]
            await desk.follower.let_go()

    async def _advance(self, recording_id: str, desk: Desk) -> None:
        """One step; a follower that failed reads from the log where to go on."""
        try:
            await desk.follower.advance(desk.end)
        except Overtaken:
            log.info("another worker is at it", recording=recording_id, work=self._consumer.name)
            await desk.follower.let_go()
            await desk.stand_back()
        except AWAY as error:
            log.warning("away, will try again", recording=recording_id, work=self._consumer.name, error=repr(error))
            await desk.follower.let_go()
            await asyncio.sleep(RETRY_S)
            desk.news.set()
        else:
            await self._acknowledge(desk)

    async def _acknowledge(self, desk: Desk) -> None:
        done = desk.follower.finished
        for sequence in [s for s in desk.waiting if done or s <= desk.follower.cursor]:
            await desk.waiting.pop(sequence).ack()
        if desk.waiting:
            desk.look_again()
