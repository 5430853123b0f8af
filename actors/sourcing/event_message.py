"""How does an event stand in the stream? Its body as JSON; who, when and because of what in the headers."""

import importlib
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from secrets import token_hex

from msgspec import structs

from schemas import envelope, upcasters
from schemas.envelope import Caller, caller_to_headers
from schemas.message import Event
from subjects.tokens import name_of, service_of


@cache
def event_types(service: str) -> Mapping[str, type[Event]]:
    """The events of one service by the last token of their subject."""
    module = importlib.import_module(f"schemas.{service}")
    declared = [v for v in vars(module).values() if isinstance(v, type) and issubclass(v, Event) and v is not Event]
    return {name_of(event): event for event in declared if event.__module__ == module.__name__}


def decode(subject: str, headers: Mapping[str, str], body: bytes) -> Event | None:
    """The event in a stored message; None when this version of Loom does not know it.

    Raises: msgspec.MsgspecError or LookupError for what cannot be read.
    """
    _, _, service, _, name = subject.split(".")
    said = event_types(service).get(name)
    return upcasters.read(said, int(headers.get(envelope.SCHEMA_VERSION, "1")), body) if said else None


def headers_of(event: Event, entity_id: str, caller: Caller, number: int) -> dict[str, str]:
    """The headers of the `number`th event that a command led to."""
    message_id = f"{caller.command_id}.{number}" if caller.command_id else token_hex(16)
    service = service_of(type(event))
    return caller_to_headers(structs.replace(caller, deadline=math.inf)) | {
        envelope.MESSAGE_ID: message_id,
        envelope.SCHEMA_VERSION: str(event.version),
        envelope.CE_SPECVERSION: "1.0",
        envelope.CE_ID: message_id,
        envelope.CE_SOURCE: f"/loom/{service}",
        envelope.CE_TYPE: f"loom.{service}.{name_of(type(event))}",
        envelope.CE_SUBJECT: entity_id,
        envelope.CE_TIME: datetime.now(UTC).isoformat(),
        envelope.CONTENT_TYPE: "application/json",
    }
