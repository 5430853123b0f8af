"""How is a decision made to last? By appending its events to the entity's subject, if nobody was quicker."""

import importlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar
from uuid import uuid4

import msgspec
import nats.errors
from nats.aio.client import Client as Nats
from nats.js.errors import APIError

from actors.runtime import direct_get
from actors.runtime.client import to_headers
from schemas import envelope
from schemas.envelope import Caller, Meta
from schemas.errors import Unavailable
from schemas.ids import LOCAL_USER, LOCAL_WORKSPACE, UserId, WorkspaceId
from schemas.message import Event
from subjects import events as names
from subjects.streams import EVENTS
from subjects.tokens import name_of

State = TypeVar("State")
WRONG_LAST_SEQUENCE: Final = frozenset({10071, 10164})
PAGE: Final = 256
CACHED: Final = 10_000
AWAY: Final = (nats.errors.Error, APIError, OSError, TimeoutError)

_encoder: Final = msgspec.json.Encoder()


class Overtaken(Exception):
    """Somebody else appended to this entity first: load it and decide again."""


def event_types(service: str) -> dict[str, type[Event]]:
    """The events of one service by the last token of their subject."""
    module = importlib.import_module(f"schemas.{service}")
    declared = [v for v in vars(module).values() if isinstance(v, type) and issubclass(v, Event) and v is not Event]
    return {name_of(event): event for event in declared if event.__module__ == module.__name__}


def decode(service: str, entry: direct_get.Entry) -> Event | None:
    """The event in a stored message; None when this version does not know it."""
    said = event_types(service).get(entry.subject.rpartition(".")[2])
    return msgspec.json.decode(entry.data, type=said) if said else None


def meta_of(headers: dict[str, str], sequence: int) -> Meta:
    """What the headers of a stored event say."""
    caller = Caller(
        UserId(headers.get(envelope.USER_ID, LOCAL_USER)),
        WorkspaceId(headers.get(envelope.WORKSPACE_ID, LOCAL_WORKSPACE)),
        headers.get(envelope.CORRELATION_ID, ""),
    )
    return Meta(
        id=headers.get(envelope.MESSAGE_ID, ""),
        sequence=sequence,
        time=datetime.fromisoformat(headers[envelope.TIME]) if envelope.TIME in headers else datetime.now(UTC),
        caller=caller,
        causation_id=headers.get(envelope.CAUSATION_ID, ""),
        version=int(headers.get(envelope.SCHEMA_VERSION, "1")),
    )


class EventStore(Generic[State]):
    """The entities of one service. State is cached by entity and brought up to date by reading what came since."""

    def __init__(self, nats: Nats, service: str, initial: State, evolve: Callable[[State, Any], State]) -> None:
        self._nats = nats
        self._js = nats.jetstream()
        self._service = service
        self._initial = initial
        self._evolve = evolve
        self._cache: OrderedDict[str, tuple[State, int]] = OrderedDict()

    async def load(self, entity_id: str) -> tuple[State, int]:
        """State, and the sequence of the last event (0 when there is none). Raises Unavailable."""
        state, sequence = self._cache.get(entity_id, (self._initial, 0))
        subject = names.entity(self._service, entity_id)
        try:
            while True:
                page = await direct_get.batch(self._nats, EVENTS.name, subject, sequence + 1, most=PAGE)
                for entry in page:
                    event = decode(self._service, entry)
                    state = state if event is None else self._evolve(state, event)
                    sequence = entry.sequence
                if len(page) < PAGE:
                    break
        except AWAY as error:
            raise Unavailable("The event store does not answer; try again in a moment.") from error
        self._keep(entity_id, state, sequence)
        return state, sequence

    async def append(self, entity_id: str, events: Sequence[Event], after: int, caller: Caller) -> State:
        """Say `events`, if `after` is still the last sequence; the state they lead to.

        Several are appended one by one, each behind the one before it: a crash between two leaves the first, which
        every decider here can go on from. Raises Overtaken or Unavailable.
        """
        for event in events:
            after = await self._say(entity_id, event, after, caller)
            state, _ = self._cache.get(entity_id, (self._initial, 0))
            self._keep(entity_id, self._evolve(state, event), after)
        return self._cache[entity_id][0] if entity_id in self._cache else self._initial

    async def _say(self, entity_id: str, event: Event, after: int, caller: Caller) -> int:
        headers = to_headers(caller) | {
            envelope.MESSAGE_ID: uuid4().hex,
            envelope.TIME: datetime.now(UTC).isoformat(),
            envelope.SCHEMA_VERSION: "1",
            envelope.EXPECTED_LAST_SUBJECT_SEQUENCE: str(after),
            envelope.EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT: names.entity(self._service, entity_id),
        }
        try:
            acknowledged = await self._js.publish(
                names.of(type(event), entity_id), _encoder.encode(event), headers=headers
            )
        except APIError as error:
            if error.err_code in WRONG_LAST_SEQUENCE:
                raise Overtaken(entity_id) from error
            raise Unavailable("The event store refused to write; try again in a moment.") from error
        except AWAY as error:
            raise Unavailable("The event store does not answer; try again in a moment.") from error
        return acknowledged.seq

    def _keep(self, entity_id: str, state: State, sequence: int) -> None:
        self._cache[entity_id] = (state, sequence)
        self._cache.move_to_end(entity_id)
        if len(self._cache) > CACHED:
            self._cache.popitem(last=False)
