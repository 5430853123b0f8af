"""How is a decision made to last? By appending its events to the entity's subject, if nobody was quicker."""

import asyncio
import random
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import reduce
from itertools import count
from typing import Any, Final, Generic
from uuid import uuid4

import msgspec
import nats.errors
from nats.aio.client import Client as Nats
from nats.js.errors import APIError

from actors.jetstream import direct_get
from actors.jetstream.full import NO_ROOM, is_full
from actors.runtime.tracing import around
from actors.sourcing.event_message import decode, headers_of
from actors.sourcing.snapshots import Known, Snapshots, State
from schemas import envelope
from schemas.envelope import Caller
from schemas.errors import Full, LoomError, Unavailable
from schemas.message import Event
from subjects import events as names
from subjects.streams import EVENTS

Choose = Callable[[State], Sequence[Event]]
OVERTAKEN: Final = frozenset({10071, 10164, 10201})
"""Error numbers of nats-server: another last sequence, another one (constant), a message id that was said before."""
PAGE: Final = 256
CACHED: Final = 10_000
ATTEMPTS: Final = 5
AGAIN_S: Final = 0.02
REMEMBERED: Final = 99
COMMIT_S: Final = 5.0
AWAY: Final = (nats.errors.Error, APIError, OSError, TimeoutError)

_encoder: Final = msgspec.json.Encoder()
_acknowledgement: Final = msgspec.json.Decoder(dict[str, Any])


class Overtaken(Exception):
    """Somebody else appended to this entity first: load it and decide again."""


class EventStore(Generic[State]):
    """The entities of one service. State is cached by entity and brought up to date by reading what came since."""

    def __init__(
        self,
        nats: Nats,
        service: str,
        initial: State,
        evolve: Callable[[State, Any], State],
        snapshots: Snapshots | None = None,
    ) -> None:
        self._nats = nats
        self._js = nats.jetstream()
        self._service = service
        self._initial = initial
        self._evolve = evolve
        self._snapshots = snapshots
        self._cache: OrderedDict[str, Known[State]] = OrderedDict()

    async def decide(self, entity_id: str, caller: Caller, choose: Choose[State]) -> State:
        """Load, choose, append; again when somebody else was quicker. The state there is then.

        A command that has had its effect (`caller.command_id`) has no second one. Raises Unavailable, and what `choose`
        raises.
        """
        known = self._cache.get(entity_id)
        for attempt in range(ATTEMPTS):
            if attempt:  # a replica may be a moment behind
                await asyncio.sleep(attempt * random.uniform(0, AGAIN_S))
            known = known or await self.load(entity_id)
            if caller.command_id and caller.command_id in known.commands:
                return known.state
            with suppress(Overtaken):
                if events := await self._chosen(choose, entity_id, known):
                    return await self.append(entity_id, events, known.sequence, caller)
                return known.state
            known = None
        raise Unavailable("Too many changes at the same moment; try again.")

    async def load(self, entity_id: str) -> Known[State]:
        """What is known of an entity, up to now. Raises Unavailable."""
        known = self._cache.get(entity_id) or Known(self._initial)
        subject = names.entity(self._service, entity_id)
        try:
            for pages in count():
                page = await direct_get.batch(self._nats, EVENTS.name, subject, known.sequence + 1, most=PAGE)
                known = self._after(page, known)
                if len(page) < PAGE:
                    break
                if self._snapshots and pages == 0:  # a long story: somebody may have summed it up
                    known = await self._snapshots.newer(self._service, entity_id, known)
            if self._snapshots and pages > 0:
                await self._snapshots.keep(self._service, entity_id, known)
        except AWAY as error:
            raise Unavailable("The event store does not answer; try again in a moment.") from error
        self._keep(entity_id, known)
        return known

    async def append(self, entity_id: str, events: Sequence[Event], after: int, caller: Caller) -> State:
        """Say `events` (at least one), all or none, if `after` is still the last sequence; the state they lead to.

        Raises Overtaken, Unavailable or Full.
        """
        messages = [
            (names.of(type(event), entity_id), _encoder.encode(event), headers_of(event, entity_id, caller, number))
            for number, event in enumerate(events)
        ]
        messages[0][2][envelope.EXPECTED_LAST_SUBJECT_SEQUENCE] = str(after)
        messages[0][2][envelope.EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT] = names.entity(self._service, entity_id)
        try:
            sequence = await around("producer", messages[0][0], messages[0][2], self._write, messages)
        except APIError as error:
            if error.err_code in OVERTAKEN:
                raise Overtaken(entity_id) from error
            if is_full(error):
                raise Full(NO_ROOM) from error
            raise Unavailable("The event store refused to write; try again in a moment.") from error
        except AWAY as error:
            raise Unavailable("The event store does not answer; try again in a moment.") from error
        known = self._cache.get(entity_id, Known(self._initial))
        if known.sequence != after:  # it has had to make room meanwhile
            return (await self.load(entity_id)).state
        state = reduce(self._evolve, events, known.state)
        self._keep(entity_id, Known(state, sequence, _with(known.commands, caller.command_id)))
        return state

    async def _chosen(self, choose: Choose[State], entity_id: str, known: Known[State]) -> Sequence[Event]:
        """What is known may be old: it can lead to events that somebody refuses, but not to a refusal, nor to nothing.

        Raises Overtaken, Unavailable, and what `choose` raises.
        """
        try:
            if events := choose(known.state):
                return events
        except LoomError:
            await self._confirm(entity_id, known.sequence)
            raise
        await self._confirm(entity_id, known.sequence)
        return ()

    async def _confirm(self, entity_id: str, sequence: int) -> None:
        """Raises Overtaken when the leader knows of something newer; Unavailable."""
        subject = names.entity(self._service, entity_id)
        try:
            newer = await direct_get.known(self._nats, EVENTS.name, subject, sequence + 1)
        except AWAY as error:
            raise Unavailable("The event store does not answer; try again in a moment.") from error
        if newer:
            raise Overtaken(entity_id)

    def _write(self, said: dict[str, str], messages: list[tuple[str, bytes, dict[str, str]]]) -> Awaitable[int]:
        """All of them as part of the trace that is said."""
        for _, _, headers in messages:
            if envelope.TRACE in said:
                headers[envelope.TRACE] = said[envelope.TRACE]
        return self._say(*messages[0]) if len(messages) == 1 else self._say_together(messages)

    async def _say(self, subject: str, body: bytes, headers: dict[str, str]) -> int:
        acknowledged = await self._js.publish(subject, body, headers=headers)
        if acknowledged.duplicate:
            raise Overtaken(subject)  # by itself: it was said before
        return acknowledged.seq

    async def _say_together(self, messages: list[tuple[str, bytes, dict[str, str]]]) -> int:
        """One atomic batch (ADR-50). Raises APIError when the server takes none of it."""
        batch = uuid4().hex
        for number, (subject, body, headers) in enumerate(messages, 1):
            headers |= {envelope.BATCH_ID: batch, envelope.BATCH_SEQUENCE: str(number)}
            if number < len(messages):
                await self._nats.publish(subject, body, headers=headers)
        headers[envelope.BATCH_COMMIT] = "1"
        reply = await self._nats.request(subject, body, timeout=COMMIT_S, headers=headers)
        found = _acknowledgement.decode(reply.data)
        if "error" in found:
            raise APIError(**found["error"])
        return int(found["seq"])

    def _after(self, page: Sequence[direct_get.Entry], known: Known[State]) -> Known[State]:
        state, sequence, commands = known.state, known.sequence, known.commands
        for entry in page:
            event = decode(entry.subject, entry.headers, entry.data)
            state = state if event is None else self._evolve(state, event)
            sequence = entry.sequence
            commands = _with(commands, entry.headers.get(envelope.COMMAND_ID, ""))
        return Known(state, sequence, commands)

    def _keep(self, entity_id: str, known: Known[State]) -> None:
        self._cache[entity_id] = known
        self._cache.move_to_end(entity_id)
        if len(self._cache) > CACHED:
            self._cache.popitem(last=False)


def _with(commands: tuple[str, ...], command_id: str) -> tuple[str, ...]:
    return commands if not command_id or command_id in commands else (*commands[-REMEMBERED:], command_id)
