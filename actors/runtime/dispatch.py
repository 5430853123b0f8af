"""The whole life of one message: decode, wait for its turn, handle, settle, report. Nobody else acks or replies."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from itertools import count
from typing import Any, Final

import msgspec
import nats.errors
import structlog
from nats.aio.client import Client as Nats
from nats.aio.msg import Msg
from nats.micro.request import Request, ServiceError

from actors.jetstream import burial, direct_get
from actors.jetstream.direct_get import Entry
from actors.jetstream.tasks import ended
from actors.runtime import metrics
from actors.runtime.handlers import Route
from actors.runtime.inbox import Inbox
from actors.runtime.outcome import Dead, Done, Late, Outcome, Passed, Refused, Retry, pause_s
from actors.runtime.tracing import Headers, around, current
from schemas import upcasters
from schemas.envelope import ERROR, ERROR_CODE, Caller, caller_from_headers, meta_from_headers
from schemas.errors import Invalid, LoomError, Unavailable, refusal
from schemas.message import Event
from subjects import peers
from subjects.consumers import Consumer
from subjects.events import entity_of, pattern_of
from subjects.jobs import kind_of
from subjects.streams import EVENTS

ATTEMPTS: Final = 8
DELIVERIES: Final = 300
INTERNAL: Final = "Internal error"
Happening = Coroutine[Any, Any, Outcome]
Handled = Mapping[str, tuple[type[Event], Route]]
log = structlog.get_logger(__name__)
_encoder: Final = msgspec.json.Encoder()


class Dispatch:
    """Handles the messages of one actor. `owner(entity)` names the other process that handles it, if there is one."""

    def __init__(self, nats: Nats, actor: Any, inbox: Inbox, owner: Callable[[str], str]) -> None:
        self._nats = nats
        self._actor = actor
        self._inbox = inbox
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._deadlines: dict[asyncio.Task[Any], float] = {}

    async def request(self, said: type, route: Route, message: Request, *, forwarded: bool = False) -> None:
        """One command or query; a refusal is raised as ServiceError, so that ADR-32's statistics know of it."""
        began = time.perf_counter()
        headers, owner = message.headers or {}, _ours if forwarded else self._owner
        outcome = await around("consumer", message.subject, headers, self._requested, route, message, owner)
        self._report(said.__name__, outcome, began)
        match outcome:
            case Done(body=body):
                await message.respond(body)
            case Refused(error=error):
                raise ServiceError(error.code, _one_line(str(error)))
            case Retry(error=away) | Late(error=away):
                raise ServiceError(
                    away.code if isinstance(away, Unavailable) else Unavailable.code, _one_line(str(away))
                )
            case Dead():
                raise ServiceError(LoomError.code, INTERNAL)

    async def again(self, handled: Handled, message: Request, *, forwarded: bool = False) -> None:
        """An event of `handled`, by its sequence, once more, where its entity is: how it ends is told, nothing else."""
        entry = await direct_get.at(self._nats, EVENTS.name, int(message.data))
        said, route = handled[pattern_of(entry.subject)]
        if not forwarded and (owner := self._owner(entity_of(entry.subject))):
            outcome = await self._forward(message, message.headers or {}, owner, route.deadline_s)
        else:
            outcome = await self.event(said, route, entry, once=True)
        if not isinstance(outcome, Done):
            why = outcome.error if isinstance(outcome.error, LoomError) else LoomError(repr(outcome.error))
            raise ServiceError(why.code, _one_line(str(why)))
        await message.respond()

    async def event(self, said: type[Event], route: Route, entry: Entry, *, once: bool = False) -> Outcome:
        """One event, in its entity's turn: again and again until it is handled, refused or given up; or once."""
        entity = entity_of(entry.subject)
        defects = 0
        await self._inbox.enter(entity)
        try:
            for attempt in count(1):
                outcome = await self._happened(said.__name__, said, route, entry)
                defects += isinstance(outcome, Dead | Late)
                if once or await self._is_settled(outcome, defects, self._actor.service, entry):
                    break
                await asyncio.sleep(pause_s(attempt))
            return outcome
        finally:
            self._inbox.leave(entity)

    async def job(self, route: Route, delivery: Msg, consumer: Consumer) -> None:
        """One job; a process that is told to end leaves it to another one, at once."""
        place, kind = delivery.metadata, kind_of(delivery.subject)
        entry = Entry(place.sequence.stream, delivery.subject, delivery.headers or {}, 0, delivery.data)
        outcome: Outcome = Dead(ChildProcessError("Whoever took it died, or lacked something for too long."))
        if place.num_delivered <= DELIVERIES:
            outcome = await self._work(self._happened(kind, None, route, entry), delivery, consumer)
        if await self._is_settled(outcome, place.num_delivered, consumer.name, entry, consumer.stream):
            metrics.jobs[kind, "completed" if isinstance(outcome, Done) else "failed"] += 1
            await delivery.ack()
        else:
            metrics.jobs[kind, "retried"] += 1
            await delivery.nak(delay=pause_s(place.num_delivered))

    async def _work(self, happening: Happening, delivery: Msg, consumer: Consumer) -> Outcome:
        """While it is being done the server hears of it, and gives it to nobody else."""
        working = self._loop.create_task(happening)
        try:
            while not (await asyncio.wait({working}, timeout=consumer.ack_wait_s / 3))[0]:
                await delivery.in_progress()
        except asyncio.CancelledError:
            await ended([working])
            await delivery.nak()
            raise
        finally:
            working.cancel()
        return working.result()

    async def cancel_overdue(self) -> None:
        """To be called every now and then: whoever has had its time is stopped."""
        now = self._loop.time()
        for task in [task for task, deadline in self._deadlines.items() if now >= deadline]:
            task.cancel()

    async def _requested(
        self, said: Headers, route: Route, message: Request, owner_of: Callable[[str], str]
    ) -> Outcome:
        try:
            caller = caller_from_headers(said)
            body = route.decoder.decode(message.data)
        except (msgspec.MsgspecError, ValueError) as error:
            return Refused(Invalid(str(error)))
        left_s = min(caller.deadline - time.time(), route.deadline_s)
        if left_s <= 0:
            return Late(TimeoutError("Its deadline was over before it was taken up."))
        entity = getattr(body, route.entity) if route.entity else ""
        if entity and (owner := owner_of(entity)):
            try:
                return await self._forward(message, said, owner, left_s)
            except nats.errors.NoRespondersError:
                log.debug("its owner is gone; handled here", owner=owner, entity=entity)
        return await self._in_time(left_s, self._in_turn(entity, route, body, caller))

    async def _forward(self, message: Request, said: Headers, owner: str, left_s: float) -> Outcome:
        """To the process that handles this entity. Raises NoRespondersError."""
        subject = peers.of(self._actor.service, owner)
        headers = {**said, peers.SUBJECT: message.subject}
        try:
            reply = await self._nats.request(subject, message.data, timeout=left_s, headers=headers)
        except nats.errors.TimeoutError as error:
            return Retry(error)
        found = reply.headers or {}
        if ERROR_CODE in found:
            return Refused(refusal(found[ERROR_CODE], found.get(ERROR, INTERNAL)))
        return Passed(reply.data)

    async def _in_turn(self, entity: str, route: Route, body: Any, caller: Caller) -> bytes:
        handler = getattr(self._actor, route.name)
        current.set(caller)
        if not entity:
            return _encoder.encode(await handler(body, caller))
        await self._inbox.enter(entity)
        try:
            return _encoder.encode(await handler(body, caller))
        finally:
            self._inbox.leave(entity)

    async def _happened(self, name: str, said: type[Event] | None, route: Route, entry: Entry) -> Outcome:
        """An event, or a job if it is of no event type."""
        began = time.perf_counter()
        outcome = await around("consumer", entry.subject, dict(entry.headers), self._read, said, route, entry)
        self._report(name, outcome, began)
        return outcome

    async def _read(self, headers: Headers, said: type[Event] | None, route: Route, entry: Entry) -> Outcome:
        """Old events are read as new ones."""
        try:
            meta = meta_from_headers(headers, entry.sequence)
            body = upcasters.read(said, meta.version, entry.data) if said else route.decoder.decode(entry.data)
        except (msgspec.MsgspecError, LookupError, ValueError) as error:
            return Dead(error)
        current.set(meta.caller)
        handler = getattr(self._actor, route.name)
        return await self._in_time(route.deadline_s, handler(body, meta))

    async def _in_time(self, left_s: float, work: Awaitable[Any]) -> Outcome:
        """What came of the work; the one place where a defect ends."""
        task = asyncio.current_task()
        assert task
        deadline = self._deadlines[task] = self._loop.time() + left_s
        try:
            return Done(await work or b"")
        except asyncio.CancelledError:
            if self._loop.time() < deadline:
                raise
            task.uncancel()
            return Late(TimeoutError(f"It took longer than {left_s:.1f} s."))
        except (Unavailable, nats.errors.Error, OSError) as error:  # TimeoutError is an OSError
            return Retry(error)
        except LoomError as error:  # one of no kind is somebody's defect
            return (Dead if type(error) is LoomError else Refused)(error)
        except Exception as error:  # noqa: BLE001
            return Dead(error)
        finally:
            del self._deadlines[task]

    async def _is_settled(
        self, outcome: Outcome, attempt: int, consumer: str, entry: Entry, stream: str = EVENTS.name
    ) -> bool:
        """Whether nothing more is to be done with an event or a job; a hopeless one is buried."""
        match outcome:
            case Done() | Refused():
                return True
            case Dead(error=error) | Late(error=error) if attempt >= ATTEMPTS:
                try:
                    await burial.bury(self._nats, stream, consumer, entry, error)
                except burial.AWAY:
                    return False
                return True
            case _:
                return False

    def _report(self, said: str, outcome: Outcome, began: float) -> None:
        """One line and one count for each end."""
        metrics.handled(self._actor.service, said, type(outcome), time.perf_counter() - began)
        match outcome:
            case Done():
                pass
            case Refused(error=error):
                log.info("refused", message=said, code=error.code, why=str(error))
            case Retry(error=away) | Late(error=away):
                log.warning("to be tried again", message=said, why=str(away) or repr(away))
            case Dead(error=defect):
                log.error("failed", message=said, exc_info=defect)


def _ours(_: str) -> str:
    """No other process's: it was passed to us."""
    return ""


def _one_line(text: str) -> str:
    return " ".join(text.split())
