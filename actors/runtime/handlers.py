"""Which method takes which message? The annotation of a handler is its contract; the table is checked at import."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar, cast, get_type_hints

from msgspec import Struct

from schemas.message import Command, Event, Query, answer_type

F = TypeVar("F", bound=Callable[..., Awaitable[Any]])
_MARK: Final = "__loom_handler__"


class Routes(Struct, frozen=True):
    """What an actor class takes: attribute names by message type, and by interval in seconds."""

    requests: dict[type, str]
    events: dict[type[Event], str]
    timers: dict[str, float]


def command(handler: F) -> F:
    """Handles a command: `async def stop(self, command: StopRecording, caller: Caller) -> RecordingView`."""
    setattr(handler, _MARK, ("request", Command))
    return handler


def query(handler: F) -> F:
    """Handles a query: `async def get(self, query: GetRecording, caller: Caller) -> RecordingView`."""
    setattr(handler, _MARK, ("request", Query))
    return handler


def on(event: type[Event]) -> Callable[[F], F]:
    """Handles an event, at least once: `async def stopped(self, event: RecordingStopped, meta: Meta) -> None`."""

    def mark(handler: F) -> F:
        setattr(handler, _MARK, ("event", event))
        return handler

    return mark


def every(*, seconds: float) -> Callable[[F], F]:
    """Runs again and again, `seconds` after it last ended: `async def sweep(self) -> None`."""

    def mark(handler: F) -> F:
        setattr(handler, _MARK, ("timer", seconds))
        return handler

    return mark


def routes(actor: type) -> Routes:
    """The table of an actor class. Raises TypeError, with the place, for a handler that says too little or twice."""
    table = Routes({}, {}, {})
    for name, handler in inspect.getmembers(actor, lambda member: hasattr(member, _MARK)):
        kind, what = getattr(handler, _MARK)
        if kind == "timer":
            table.timers[name] = what
        elif kind == "event":
            _add(table.events, what, name, actor)
        else:
            _add(table.requests, _request_type(handler, what, f"{actor.__qualname__}.{name}"), name, actor)
    return table


def _add(table: dict[Any, str], said: type, name: str, actor: type) -> None:
    if said in table:
        raise TypeError(f"{actor.__qualname__}: {said.__name__} is taken by both {table[said]} and {name}")
    table[said] = name


def _request_type(handler: Callable[..., Any], kind: type, place: str) -> type:
    hints = get_type_hints(handler)
    answer = hints.pop("return", None)
    said = next(iter(hints.values()), None)
    if not (isinstance(said, type) and issubclass(said, kind)):
        raise TypeError(f"{place}: its first argument must be annotated with a {kind.__name__}, not {said}")
    expected = answer_type(cast("type[Command[Any]]", said))
    if answer != expected:
        raise TypeError(f"{place}: {said.__name__} is answered with {expected}, not {answer}")
    return said
