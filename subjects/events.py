"""loom.evt.<service>.<entity id>.<event>: stream EVENTS, kept for ever, the source of truth."""

from schemas.message import Event
from subjects.tokens import name_of, service_of, token


def of(said: type[Event], entity_id: str) -> str:
    """Where an event is stored: `loom.evt.recording.<id>.stopped`."""
    return f"loom.evt.{service_of(said)}.{token(entity_id)}.{name_of(said)}"


def every(said: type[Event]) -> str:
    """That event of every entity."""
    return f"loom.evt.{service_of(said)}.*.{name_of(said)}"


def entity(service: str, entity_id: str) -> str:
    """Everything that happened to one entity."""
    return f"loom.evt.{token(service)}.{token(entity_id)}.*"


def service(name: str) -> str:
    """Everything one service has said."""
    return f"loom.evt.{token(name)}.>"


def entity_of(subject: str) -> str:
    """The entity id in an event's subject."""
    return subject.split(".")[3]
