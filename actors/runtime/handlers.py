"""Which method takes which message? The annotation of a handler is its contract; the table is checked at import."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple, TypeVar, cast, get_type_hints

import msgspec
from msgspec import Struct

from schemas.envelope import Caller, Meta
from schemas.message import Command, Event, Job, Query, answer_type, entity_field
from subjects.tokens import service_of

F = TypeVar("F", bound=Callable[..., Awaitable[Any]])
HANDLE_S: Final = 60.0
MESSAGES: Final = (Command, Query, Event, Job)
_MARK: Final = "__loom_handler__"


class Route(Struct, frozen=True):
    """One handler: the attribute's name, how long it may take, and how many of them a process has at a time (jobs)."""

    name: str
    deadline_s: float = HANDLE_S
    at_once: int = 1
    entity: str = ""
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


class Routes(Struct, frozen=True):
    """What an actor class takes, by message type; timers by name, in seconds."""

    requests: dict[type, Route]
    events: dict[type[Event], Route]
    jobs: dict[type[Job], Route]
    timers: dict[str, float]


class _Mark(NamedTuple):
    kind: type | None  # None is a timer
    deadline_s: float = HANDLE_S
    at_once: int = 1
    seconds: float = 0.0


def command(handler: F) -> F:
    """Handles a command: `async def stop(self, command: StopRecording, caller: Caller) -> RecordingView`."""
    return _marked(_Mark(Command))(handler)


def query(handler: F) -> F:
    """Handles a query: `async def get(self, query: GetRecording, caller: Caller) -> RecordingView`."""
    return _marked(_Mark(Query))(handler)


def on(event: type[Event], *, deadline_s: float = HANDLE_S) -> Callable[[F], F]:
    """Handles an event, at least once: `async def stopped(self, event: RecordingStopped, meta: Meta) -> None`."""
    return _marked(_Mark(event, deadline_s))


def job(kind: type[Job], *, deadline_s: float = 600.0, at_once: int = 1) -> Callable[[F], F]:
    """Does a job, at least once: `async def make_poster(self, job: MakePoster, meta: Meta) -> None`."""
    return _marked(_Mark(kind, deadline_s, at_once))


def every(*, seconds: float = 0.0, minutes: float = 0.0) -> Callable[[F], F]:
    """Runs again and again, so long after it last ended: `async def sweep(self) -> None`."""
    return _marked(_Mark(None, seconds=seconds + 60 * minutes))


def _marked(mark: _Mark) -> Callable[[F], F]:
    def keep(handler: F) -> F:
        setattr(handler, _MARK, mark)
        return handler

    return keep


def routes(actor: type, service: str) -> Routes:
    """The table of an actor class. Raises TypeError, with the place, for a handler that says too little or twice."""
    table = Routes({}, {}, {}, {})
    for name, handler in inspect.getmembers(actor, lambda member: hasattr(member, _MARK)):
        mark: _Mark = getattr(handler, _MARK)
        place = f"{actor.__module__}.{actor.__qualname__}.{name}"
        if mark.kind is None:
            table.timers[name] = mark.seconds
            continue
        said: Any = _contract(handler, mark.kind, place)
        column: dict[Any, Route] = table.requests
        if issubclass(said, Event | Job):
            column = table.events if issubclass(said, Event) else table.jobs
        elif service_of(said) != service:
            raise TypeError(f"{place}: {said.__name__} is for the service {service_of(said)}, not for {service}")
        if said in column:
            raise TypeError(f"{place}: {said.__name__} is taken by {column[said].name} already")
        entity = "" if issubclass(said, Event) else entity_field(said)
        column[said] = Route(name, mark.deadline_s, mark.at_once, entity, msgspec.json.Decoder(said))
    return table


def _contract(handler: Callable[..., Any], kind: type, place: str) -> type:
    """The message type, once the whole signature says what it has to. Raises TypeError."""
    hints = get_type_hints(handler)
    answer = hints.pop("return", None)
    said, beside = [*hints.values(), None, None][:2]
    if not (isinstance(said, type) and issubclass(said, kind)):
        raise TypeError(f"{place}: its first argument must be annotated with a {kind.__name__}, not {said}")
    if said in MESSAGES or not issubclass(said, MESSAGES):
        raise TypeError(f"{place}: {said.__name__} is no message that `schemas` declares")
    is_request = issubclass(said, Command | Query)
    wanted = Caller if is_request else Meta
    if beside is not wanted:
        raise TypeError(f"{place}: its second argument must be annotated with {wanted.__name__}, not {beside}")
    expected = answer_type(cast("type[Command[Any]]", said)) if is_request else type(None)
    if answer != expected:
        raise TypeError(f"{place}: {said.__name__} is answered with {expected}, not {answer}")
    return said
