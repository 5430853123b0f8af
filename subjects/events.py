"""loom.evt.<service>.<entity id>.<event>: stream EVENTS, kept for ever, the source of truth."""

from collections.abc import Iterable

from schemas.message import Event
from subjects.tokens import name_of, service_of, token


def of(said: type[Event], entity_id: str) -> str:
    """Where an event is stored: `loom.evt.recording.<id>.stopped`."""
    return f"loom.evt.{service_of(said)}.{token(entity_id)}.{name_of(said)}"


def every(said: type[Event]) -> str:
    """That event of every entity."""
    return f"loom.evt.{service_of(said)}.*.{name_of(said)}"


def covering(said: Iterable[type[Event]]) -> str:
    """The narrowest subject that takes in every entity's events of these types (at least one)."""
    return widened(every(one) for one in said)


def widened(patterns: Iterable[str]) -> str:
    """The narrowest subject that takes in all of these."""
    columns = zip(*(pattern.split(".") for pattern in patterns), strict=True)
    return ".".join(column[0] if len(set(column)) == 1 else "*" for column in columns)


def entity(service: str, entity_id: str) -> str:
    """Everything that happened to one entity."""
    return f"loom.evt.{token(service)}.{token(entity_id)}.*"


def about(entity_id: str) -> str:
    """Everything that any service has said of one entity."""
    return f"loom.evt.*.{token(entity_id)}.*"


def service(name: str) -> str:
    """Everything one service has said."""
    return f"loom.evt.{token(name)}.>"


def entity_of(subject: str) -> str:
    """The entity id in an event's subject."""
    return subject.split(".")[3]


def everything() -> str:
    """All that any service has said."""
    return "loom.evt.>"


def pattern_of(subject: str) -> str:
    """`every` of the event that was stored there."""
    loom, evt, service, _, event = subject.split(".")
    return f"{loom}.{evt}.{service}.*.{event}"
