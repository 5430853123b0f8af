"""The life of an actor: its endpoints, its events, its timers; started in order, drained in the reverse order."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Any, ClassVar, Final

import nats.errors
import nats.micro
import structlog
from nats.aio.client import Client as Nats
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig
from nats.micro.request import Request
from nats.micro.service import Service

from actors.runtime import dispatch
from actors.runtime.deliveries import Deliveries
from actors.runtime.handlers import Routes, routes
from actors.runtime.inbox import Inbox
from actors.runtime.tasks import ended
from subjects import commands, consumers, events
from subjects.consumers import Consumer

VERSION: Final = "0.1.0"
WAIT_S: Final = 1.0
AGAIN_S: Final = 1.0
AT_ONCE: Final = 1_000
DRAIN_S: Final = 10.0
Loop = Callable[[], Coroutine[Any, Any, None]]
log = structlog.get_logger(__name__)


class Actor:
    """Base of the services: `class RecordingActor(Actor, service="recording")`, with handlers marked by decorators."""

    service: ClassVar[str]
    routes: ClassVar[Routes]

    def __init_subclass__(cls, *, service: str, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls.service = service
        cls.routes = routes(cls)


@asynccontextmanager
async def running(nats_client: Nats, actor: Actor) -> AsyncIterator[None]:
    """Takes messages while the block runs; at its end takes no more and finishes those it has."""
    work = _Work(nats_client, actor)
    async with asyncio.TaskGroup() as owner:
        service = await work.offer_endpoints(owner)
        loops = [owner.create_task(loop()) for loop in await work.loops(owner)]
        try:
            yield
        finally:
            await service.stop()
            await ended(loops)
            await work.drained()


class _Work:
    """What one running actor holds."""

    def __init__(self, nats_client: Nats, actor: Actor) -> None:
        self._nats = nats_client
        self._actor = actor
        self._inbox = Inbox()
        self._busy: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(AT_ONCE)

    async def offer_endpoints(self, owner: asyncio.TaskGroup) -> Service:
        """A NATS micro service (ADR-32): every command and query is an endpoint in the service's queue group."""
        name = self._actor.service
        service = await nats.micro.add_service(
            self._nats, name=name, version=VERSION, description=type(self._actor).__doc__
        )
        for said, method in self._actor.routes.requests.items():
            handle = partial(dispatch.request, getattr(self._actor, method), said, self._inbox)
            subject = commands.of(said)
            await service.add_endpoint(
                name=subject.rpartition(".")[2],
                subject=subject,
                queue_group=name,
                handler=self._side_by_side(owner, handle),
            )
        return service

    async def loops(self, owner: asyncio.TaskGroup) -> list[Loop]:
        """What runs until cancelled."""
        found: list[Loop] = [
            partial(self._every, getattr(self._actor, m), s) for m, s in self._actor.routes.timers.items()
        ]
        if self._actor.routes.events:
            found.append(partial(self._events, owner, await ensure(self._nats, self._consumer())))
        return found

    async def drained(self) -> None:
        """Wait for what is being handled; what takes too long is cancelled and will be delivered again."""
        if self._busy:
            _, late = await asyncio.wait(self._busy, timeout=DRAIN_S)
            for task in late:
                task.cancel()

    def _consumer(self) -> Consumer:
        filters = tuple(events.every(said) for said in self._actor.routes.events)
        return consumers.of_service(self._actor.service, filters)

    def _side_by_side(
        self, owner: asyncio.TaskGroup, handle: Callable[[Request], Awaitable[None]]
    ) -> Callable[[Request], Awaitable[None]]:
        async def take(message: Request) -> None:
            await self._room.acquire()
            self._start(owner, handle(message))

        return take

    def _start(self, owner: asyncio.TaskGroup, handling: Any) -> None:
        task = owner.create_task(self._guarded(handling))
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)

    async def _guarded(self, handling: Awaitable[None]) -> None:
        try:
            await handling
        except (nats.errors.Error, OSError, TimeoutError) as error:
            log.warning("could not settle a message", why=str(error))
        finally:
            self._room.release()

    async def _events(self, owner: asyncio.TaskGroup, consumer: Consumer) -> None:
        said = {events.every(event).rpartition(".")[2]: event for event in self._actor.routes.events}
        async with aclosing(Deliveries(self._nats, consumer)) as deliveries:
            while True:
                for delivery in await patiently(lambda: deliveries.fetch(WAIT_S), []):
                    event = said[delivery.subject.rpartition(".")[2]]
                    await self._room.acquire()
                    self._start(owner, self._event(event, delivery, consumer))

    def _event(self, said: Any, delivery: Msg, consumer: Consumer) -> Awaitable[None]:
        handler = getattr(self._actor, self._actor.routes.events[said])
        return dispatch.event(handler, said, self._inbox, delivery, consumer, self._nats)

    async def _every(self, handler: Callable[[], Awaitable[None]], seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            await patiently(handler, None)


async def patiently(attempt: Callable[[], Awaitable[Any]], otherwise: Any) -> Any:
    """One attempt at something that will be attempted again: a failure is logged, then waited out."""
    try:
        return await attempt()
    except Exception as error:  # noqa: BLE001  supervision: the loop goes on
        log.warning("will try again", what=getattr(attempt, "__qualname__", "loop"), why=repr(error))
        await asyncio.sleep(AGAIN_S)
        return otherwise


async def ensure(nats_client: Nats, consumer: Consumer) -> Consumer:
    """The durable consumer exists, as declared."""
    await nats_client.jetstream().add_consumer(
        consumer.stream,
        ConsumerConfig(
            durable_name=consumer.name,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=consumer.ack_wait_s,
            max_deliver=-1,  # `dispatch` counts, and buries with the reason
            max_ack_pending=consumer.max_ack_pending,
            headers_only=consumer.headers_only or None,
            filter_subjects=list(consumer.filters),
        ),
    )
    return consumer
