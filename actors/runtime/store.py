"""How is a decision made to last? By appending its events to the entity's subject, if nobody was quicker."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar
from uuid import uuid4

import msgspec
import nats.errors
from nats.aio.client import Client as Nats
from nats.js.errors import APIError

from actors.runtime import direct_get
from actors.runtime.event_message import decode, headers_of
from actors.runtime.snapshots import Snapshots
from schemas import envelope
from schemas.envelope import Caller
from schemas.errors import Unavailable
from schemas.message import Event
from subjects import events as names
from subjects.streams import EVENTS

State = TypeVar("State")
Choose = Callable[[State], Sequence[Event]]
WRONG_LAST_SEQUENCE: Final = frozenset({10071, 10164})
DUPLICATE_IN_BATCH: Final = 10201
PAGE: Final = 256
CACHED: Final = 10_000
ATTEMPTS: Final = 5
COMMIT_S: Final = 5.0
AWAY: Final = (nats.errors.Error, APIError, OSError, TimeoutError)

_encoder: Final = msgspec.json.Encoder()
_acknowledgement: Final = msgspec.json.Decoder(dict[str, Any])


class Overtaken(Exception):
    """Somebody else appended to this entity first: load it and decide again."""


class AlreadySaid(Exception):
    """The command has had its effect before: what it led to is in the stream."""


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
        self._cache: OrderedDict[str, tuple[State, int]] = OrderedDict()

    async def decide(self, entity_id: str, caller: Caller, choose: Choose[State]) -> State:
        """Load, choose, append; again when somebody else was quicker. The state there is then.

        Raises Unavailable, and what `choose` raises.
        """
        for _ in range(ATTEMPTS):
            state, sequence = await self.load(entity_id)
            events = choose(state)
            if not events:
                return state
            try:
                return await self.append(entity_id, events, sequence, caller)
            except Overtaken:
                continue
            except AlreadySaid:
                return (await self.load(entity_id))[0]
        raise Unavailable("Too many changes at the same moment; try again.")

    async def load(self, entity_id: str) -> tuple[State, int]:
        """State, and the sequence of the last event (0 when there is none). Raises Unavailable."""
        state, sequence = self._cache.get(entity_id, (self._initial, 0))
        subject = names.entity(self._service, entity_id)
        try:
            for pages in range(1 << 30):
                page = await direct_get.batch(self._nats, EVENTS.name, subject, sequence + 1, most=PAGE)
                state, sequence = self._after(page, state, sequence)
                if len(page) < PAGE:
                    break
                if self._snapshots and pages == 0:  # a long story: somebody may have summed it up
                    state, sequence = await self._snapshots.newer(self._service, entity_id, state, sequence)
            if self._snapshots and pages > 0:
                await self._snapshots.keep(self._service, entity_id, state, sequence)
        except AWAY as error:
            raise Unavailable("The event store does not answer; try again in a moment.") from error
        self._keep(entity_id, state, sequence)
        return state, sequence

    async def append(self, entity_id: str, events: Sequence[Event], after: int, caller: Caller) -> State:
        """Say `events` (at least one), all or none, if `after` is still the last sequence; the state they lead to.

        Raises Overtaken, AlreadySaid or Unavailable.
        """
        messages = [
            (names.of(type(event), entity_id), _encoder.encode(event), headers_of(event, entity_id, caller, number))
            for number, event in enumerate(events)
        ]
        messages[0][2][envelope.EXPECTED_LAST_SUBJECT_SEQUENCE] = str(after)
        messages[0][2][envelope.EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT] = names.entity(self._service, entity_id)
        try:
            sequence = await (self._say(*messages[0]) if len(messages) == 1 else self._say_together(messages))
        except APIError as error:
            if error.err_code in WRONG_LAST_SEQUENCE:
                raise Overtaken(entity_id) from error
            if error.err_code == DUPLICATE_IN_BATCH:
                raise AlreadySaid(entity_id) from error
            raise Unavailable("The event store refused to write; try again in a moment.") from error
        except AWAY as error:
            raise Unavailable("The event store does not answer; try again in a moment.") from error
        state, known = self._cache.get(entity_id, (self._initial, 0))
        if known != after:  # it has had to make room meanwhile
            return (await self.load(entity_id))[0]
        for event in events:
            state = self._evolve(state, event)
        self._keep(entity_id, state, sequence)
        return state

    async def _say(self, subject: str, body: bytes, headers: dict[str, str]) -> int:
        acknowledged = await self._js.publish(subject, body, headers=headers)
        if acknowledged.duplicate:
            raise AlreadySaid(subject)
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

    def _after(self, page: Sequence[direct_get.Entry], state: State, sequence: int) -> tuple[State, int]:
        for entry in page:
            event = decode(entry.subject, entry.headers, entry.data)
            state = state if event is None else self._evolve(state, event)
            sequence = entry.sequence
        return state, sequence

    def _keep(self, entity_id: str, state: State, sequence: int) -> None:
        self._cache[entity_id] = (state, sequence)
        self._cache.move_to_end(entity_id)
        if len(self._cache) > CACHED:
            self._cache.popitem(last=False)
