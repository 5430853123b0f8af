"""The life of an actor: its endpoints, events, jobs and timers; started in order, drained in the reverse order."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from functools import partial
from typing import Any, ClassVar, Final

import structlog
from nats.aio.client import Client as Nats
from nats.micro.request import Request

from actors.jetstream import burial, direct_get
from actors.jetstream.deliveries import Deliveries, ensure
from actors.jetstream.direct_get import Entry
from actors.jetstream.micro import MicroService, SideBySide
from actors.jetstream.tasks import ended
from actors.runtime import metrics
from actors.runtime.dispatch import Dispatch
from actors.runtime.handlers import Route, Routes, routes
from actors.runtime.inbox import Inbox
from actors.runtime.partition import BEAT_S, Mine, Partitions, of
from schemas.errors import Unavailable
from schemas.ids import new_id
from subjects import commands, consumers, dead_letters, events, peers
from subjects.consumers import Consumer
from subjects.streams import EVENTS

VERSION: Final = "0.1.0"
WAIT_S: Final = 1.0
AGAIN_S: Final = 1.0
AT_ONCE: Final = 1_000
PAGE: Final = 256
MOMENT_S: Final = 2.0
DRAIN_S: Final = 10.0
OVERDUE_S: Final = 0.25
AWAY: Final = (*burial.AWAY, Unavailable)
Handling = Coroutine[Any, Any, None]
Loop = Callable[[], Handling]
log = structlog.get_logger(__name__)


class Actor:
    """Base of the services: `class RecordingActor(Actor, service="recording")`, with handlers marked by decorators."""

    service: ClassVar[str]
    routes: ClassVar[Routes]

    def __init_subclass__(cls, *, service: str, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls.service = service
        cls.routes = routes(cls, service)


@asynccontextmanager
async def running(nats_client: Nats, actor: Actor) -> AsyncIterator[None]:
    """Takes messages while the block runs; at its end takes no more, finishes those it has, hands over its share."""
    async with asyncio.TaskGroup() as owner:
        work = _Work(nats_client, actor)
        peers_of_ours = await work.listen()  # who is heard of has to answer
        await patiently(work.partitions.beat, None)
        beating = owner.create_task(work.repeat(work.partitions.beat, BEAT_S))
        service = await work.offer()
        loops = [owner.create_task(loop()) for loop in (*await work.loops(), work.defect)]
        try:
            yield
        finally:
            with suppress(*AWAY):
                await service.stop()
            await ended(loops)
            await work.drained()  # what is handled here is ours until it is done
            await ended([beating])
            with suppress(*AWAY):
                await work.partitions.leave()
                await peers_of_ours.stop()
            await work.drained()


class _Work:
    """What one running actor holds."""

    def __init__(self, nats_client: Nats, actor: Actor) -> None:
        self._nats = nats_client
        self._actor = actor
        inbox = Inbox()
        self.partitions = Partitions(nats_client, actor.service, new_id()[:8], inbox.entities)
        self._dispatch = Dispatch(nats_client, actor, inbox, self.partitions.other_owner)
        self._busy: dict[asyncio.Task[None], asyncio.Semaphore] = {}
        self._loop = asyncio.get_running_loop()
        self._defect: asyncio.Future[None] = self._loop.create_future()
        self._rooms_for_requests = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(AT_ONCE)  # other processes' apart
        self._room_for_events = asyncio.Semaphore(AT_ONCE)
        self._unread = 0
        shares = self.partitions.statistics
        metrics.services[actor.service] = lambda: inbox.statistics() | shares() | {"unread": self._unread}
        self._handled_events = {events.every(said): (said, route) for said, route in actor.routes.events.items()}
        self._again = partial(self._dispatch.again, self._handled_events)
        requests = actor.routes.requests.items()
        self._requests = {commands.of(said): partial(self._dispatch.request, said, route) for said, route in requests}

    async def listen(self) -> SideBySide:
        """Take what other processes of the service are sent for entities of ours."""
        name, me = self._actor.service, self.partitions.me
        self._micro = MicroService(self._nats, name, VERSION, type(self._actor).__doc__ or "", {"member": me})
        spawn = partial(self._requested, room=self._rooms_for_requests[1])
        return await self._micro.listen(peers.of(name, me), self._from_peer, spawn)

    async def offer(self) -> MicroService:
        """Every command and query is an endpoint of a micro service; other processes of it have one of their own."""
        service, again = self._micro, dead_letters.again(self._actor.service)
        spawn = partial(self._requested, room=self._rooms_for_requests[0])
        await service.start()
        for subject, handle in self._requests.items():
            await service.offer(subject.rpartition(".")[2], subject, handle, spawn)
        await service.offer("again", again, self._again, spawn, events=" ".join(self._handled_events))
        return service

    async def loops(self) -> list[Loop]:
        """What runs until cancelled."""
        routes = self._actor.routes
        found: list[Loop] = [partial(self.repeat, self._dispatch.cancel_overdue, OVERDUE_S)]
        found += [partial(self._timer, name, seconds) for name, seconds in routes.timers.items()]
        for said, route in routes.jobs.items():
            found.append(partial(self._jobs, route, await ensure(self._nats, consumers.of_job(said))))
        return [*found, self._events] if routes.events else found

    async def drained(self) -> None:
        """Whoever asked is answered; what nobody waits for is left, after a moment, to whoever comes next."""
        if self._busy:
            await asyncio.wait(self._busy, timeout=MOMENT_S)
            await ended([task for task, room in self._busy.items() if room not in self._rooms_for_requests])
        if self._busy:
            _, late = await asyncio.wait(self._busy, timeout=DRAIN_S)
            await ended(late)

    async def defect(self) -> None:
        """Wait for one of our own, and raise it."""
        await self._defect

    async def _requested(self, handling: Handling, room: asyncio.Semaphore) -> None:
        await room.acquire()
        self._start(handling, room)

    def _start(self, handling: Handling, room: asyncio.Semaphore) -> asyncio.Task[None]:
        task = self._loop.create_task(handling)
        self._busy[task] = room
        task.add_done_callback(self._handled)
        return task

    def _handled(self, task: asyncio.Task[None]) -> None:
        self._busy.pop(task).release()
        error = None if task.cancelled() else task.exception()
        if isinstance(error, AWAY):
            log.warning("could not settle a message", why=repr(error))
        elif error and not self._defect.done():
            self._defect.set_exception(error)

    async def _from_peer(self, message: Request) -> None:
        """A message for an entity of ours that another process was sent."""
        sent_to = (message.headers or {}).get(peers.SUBJECT, "")
        if not sent_to:
            await message.respond()  # it only wanted to know whether we live
        else:
            await self._requests.get(sent_to, self._again)(message, forwarded=True)

    # --- events -------------------------------------------------------------------------------------------------------

    async def _events(self) -> None:
        """Those of this process's share, each entity's in the order of the stream; all that came since we last were."""
        subject = events.covering(self._actor.routes.events)
        async with direct_get.listening(self._nats, subject) as news:
            while True:
                mine = self.partitions.mine()
                if not mine or not await patiently(partial(self._page, subject, mine), 0):
                    await news()

    async def _page(self, subject: str, mine: Mapping[int, Mine]) -> int:
        """Hand out the next events; how many there were."""
        first = min(one.handed for one in mine.values()) + 1
        page = await direct_get.batch(self._nats, EVENTS.name, subject, first, most=PAGE)
        self._unread = direct_get.behind(page)
        for entry in page:
            await self._hand_out(entry, mine)
        for one in mine.values():
            one.handed = max(one.handed, page[-1].sequence if page else 0)
        return len(page)

    async def _hand_out(self, entry: Entry, mine: Mapping[int, Mine]) -> None:
        found = self._handled_events.get(events.pattern_of(entry.subject))
        partition = of(events.entity_of(entry.subject))
        one = mine.get(partition)
        if not found or not one or entry.sequence <= one.handed:
            return
        await self._room_for_events.acquire()
        if not self.partitions.has(partition, one):
            self._room_for_events.release()
            return
        one.handed = entry.sequence
        one.pending[entry.sequence] = self._start(self._event(*found, entry, one), self._room_for_events)

    async def _event(self, said: Any, route: Route, entry: Entry, mine: Mine) -> None:
        await self._dispatch.event(said, route, entry)
        del mine.pending[entry.sequence]  # not when it was cancelled: then it is the successor's

    # --- jobs and timers ----------------------------------------------------------------------------------------------

    async def _jobs(self, route: Route, consumer: Consumer) -> None:
        """`at_once` at a time; what waits behind them is left to other processes."""
        room = asyncio.Semaphore(route.at_once)
        async with aclosing(Deliveries(self._nats, consumer, batch=1)) as deliveries:
            while True:
                await room.acquire()
                found = await patiently(partial(deliveries.fetch, WAIT_S), [])
                for delivery in found:
                    self._start(self._dispatch.job(route, delivery, consumer), room)
                if not found:
                    room.release()

    async def _timer(self, name: str, seconds: float) -> None:
        """In one process of the service at a time."""
        while True:
            await asyncio.sleep(seconds)
            if not self.partitions.other_owner(name):
                await patiently(getattr(self._actor, name), None)

    async def repeat(self, work: Callable[[], Awaitable[None]], seconds: float) -> None:
        """Again and again."""
        while True:
            await asyncio.sleep(seconds)
            await patiently(work, None)


async def patiently(attempt: Callable[[], Awaitable[Any]], otherwise: Any) -> Any:
    """One attempt at something that will be attempted again: a failure is logged, then waited out."""
    try:
        return await attempt()
    except Exception as error:  # noqa: BLE001  supervision: the loop goes on
        log.warning("will try again", what=getattr(attempt, "__qualname__", "loop"), why=repr(error))
        await asyncio.sleep(AGAIN_S)
        return otherwise
