"""What follows from an event, step by step, whatever dies in between? A process manager: steps declared, state told.

A saga's state is its own story (`schemas/saga.py`), appended after each step. The handler of the event that begins it
runs all steps; killed anywhere, it is run again by whoever has the entity then, and goes on behind the last step that
was told. A step that had its effect but was not told of is asked for once more, under the same command id: no further
effect. When a step fails for good, those before it are undone, the last one first.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

import structlog
from msgspec import Struct, structs
from nats.aio.client import Client as Nats

from actors.jetstream import direct_get
from actors.runtime import jobs
from actors.runtime.client import Client
from actors.runtime.outcome import pause_s
from actors.sourcing.store import AWAY, EventStore
from schemas.envelope import Caller, Meta
from schemas.errors import LoomError, Unavailable
from schemas.message import Command, Event, Job
from schemas.saga import SagaBegun, SagaEnded, StepDone, StepFailed, StepUndone
from subjects import events as names
from subjects.streams import EVENTS

log = structlog.get_logger(__name__)
Ask = Callable[[Any], Command[Any] | Job]
"""What to ask for, from the event that began the saga."""
PASSING: Final = frozenset({Unavailable.code, LoomError.code})
"""Codes of what is no refusal: something is away, or has a defect that somebody will mend."""


class Step(Struct, frozen=True):
    """Done when `ask` was answered and, where events are named, one of them was said of the same entity."""

    name: str
    ask: Ask
    until: tuple[type[Event], ...] = ()
    timeout_s: float = 30.0
    attempts: int | None = 8  # None: until it is done
    undo: Ask | None = None
    optional: bool = False


class Saga(Struct, frozen=True):
    """A name and its steps, in order."""

    name: str
    steps: tuple[Step, ...]


class Absent(Struct, frozen=True, tag=True):
    """It has not begun."""


class Running(Struct, frozen=True, tag=True):
    """So far: `done` has the steps whose effect stands, `over` those that are behind us one way or the other."""

    done: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    failed: bool = False


class Ended(Struct, frozen=True, tag=True):
    """Completed or failed."""

    outcome: str


State = Absent | Running | Ended


def evolve(state: State, event: Event) -> State:
    """The state after an event of the saga's own story."""
    running = state if isinstance(state, Running) else Running()
    match event:
        case StepDone(step=step):
            return structs.replace(running, done=(*running.done, step), over=(*running.over, step))
        case StepFailed(step=step, optional=optional):
            return structs.replace(running, over=(*running.over, step), failed=running.failed or not optional)
        case StepUndone(step=step):
            return structs.replace(running, done=tuple(name for name in running.done if name != step))
        case SagaEnded(outcome=outcome):
            return Ended(outcome)
        case _:
            return running


def due(saga: Saga, state: Running) -> Step | None:
    """The step to be done next, or undone when one has failed; None at the end."""
    if state.failed:
        return next((step for step in reversed(saga.steps) if step.undo and step.name in state.done), None)
    return next((step for step in saga.steps if step.name not in state.over), None)


class SagaRunner:
    """Sees sagas of one kind through. Raises Unavailable while the event store is away: then run it again."""

    def __init__(self, nats: Nats, saga: Saga) -> None:
        self._nats = nats
        self._saga = saga
        self._client = Client(nats)
        self._stories: EventStore[State] = EventStore(nats, "saga", Absent(), evolve)

    async def run(self, entity_id: str, event: Event, meta: Meta) -> None:
        """From where it is to its end."""
        saga_id = f"{self._saga.name}-{entity_id}"
        begun = SagaBegun(saga_id, self._saga.name, entity_id, _now())
        state = await self._say(saga_id, meta, "begun", begun)
        while isinstance(state, Running):
            step = due(self._saga, state)
            if step is None:
                said: Event = SagaEnded(saga_id, "failed" if state.failed else "completed", _now())
                state = await self._say(saga_id, meta, "ended", said)
            elif state.failed:
                await self._undo(step, entity_id, event, meta)
                state = await self._say(saga_id, meta, f"{step.name}.undone", StepUndone(saga_id, step.name, _now()))
            else:
                said = await self._do(step, saga_id, entity_id, event, meta)
                state = await self._say(saga_id, meta, f"{step.name}.over", said)

    async def _say(self, saga_id: str, meta: Meta, what: str, said: Event) -> State:
        """Once, however often it is said."""
        return await self._stories.decide(saga_id, self._because(meta, what), lambda _: [said])

    def _because(self, meta: Meta, what: str) -> Caller:
        return meta.because(f"{self._saga.name}.{what}")

    async def _do(self, step: Step, saga_id: str, entity_id: str, event: Event, meta: Meta) -> Event:
        """Try until it is done, refused or tried too often; what there is to be told."""
        why = ""
        for attempt in count(1) if step.attempts is None else range(1, step.attempts + 1):
            try:
                await self._effect(step, step.ask(event), step.until, entity_id, self._because(meta, step.name))
                return StepDone(saga_id, step.name, _now())
            except (LoomError, *AWAY) as error:
                why = str(error) or f"It was not done within {step.timeout_s:g} s."
                if _is_final(error):
                    break
                log.warning("a step is tried again", saga=saga_id, step=step.name, attempt=attempt, why=why)
            await asyncio.sleep(pause_s(attempt))
        log.error("a step failed", saga=saga_id, step=step.name, why=why)
        return StepFailed(saga_id, step.name, why, step.optional, _now())

    async def _undo(self, step: Step, entity_id: str, event: Event, meta: Meta) -> None:
        """Until it is undone; what refuses to be has no effect to take back."""
        assert step.undo
        for attempt in count(1):
            try:
                await self._effect(step, step.undo(event), (), entity_id, self._because(meta, f"{step.name}.undo"))
            except (LoomError, *AWAY) as error:
                if _is_final(error):
                    log.warning("a step cannot be undone", saga=self._saga.name, step=step.name, why=str(error))
                    return
                log.warning("a step is not undone yet", saga=self._saga.name, step=step.name, why=repr(error))
            else:
                return
            await asyncio.sleep(pause_s(attempt))

    async def _effect(
        self, step: Step, asked: Command[Any] | Job, until: tuple[type[Event], ...], entity_id: str, caller: Caller
    ) -> None:
        """Ask for it, unless what it leads to was said already; wait for that.

        Raises: TimeoutError, the LoomError it was refused with, and what `AWAY` names.
        """
        wanted = [names.of(said, entity_id) for said in until]
        async with (
            asyncio.timeout(step.timeout_s) as limit,
            direct_get.listening(self._nats, names.about(entity_id)) as news,
        ):
            if await self._was_said(wanted):
                return
            if isinstance(asked, Job):
                await jobs.put(self._nats, asked, caller)
            else:
                await self._client.ask(asked, caller)
            while wanted and not await self._was_said(wanted):
                if limit.expired():  # its cancellation was lost on the way: python/cpython#86296
                    raise TimeoutError
                await news()

    async def _was_said(self, subjects: list[str]) -> bool:
        found = [await direct_get.last(self._nats, EVENTS.name, subject) for subject in subjects]
        return any(found)


def _is_final(error: Exception) -> bool:
    return isinstance(error, LoomError) and error.code not in PASSING


def _now() -> datetime:
    return datetime.now(UTC)
