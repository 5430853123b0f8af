"""What does a message say? Read by its schema, whichever kind it is; for `loom js tail` and others who look."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from nats.aio.msg import Msg

import schemas
from actors.jetstream.direct_get import Entry
from actors.sourcing import event_message
from schemas import envelope
from schemas.live import SourceMeasured
from schemas.media import End, init_from_headers, part_from_headers
from schemas.message import Command, Job, Query
from subjects import commands, jobs, names, peers
from subjects.names import Kind, Name

Headers = Mapping[str, str]


class By(Struct, frozen=True, omit_defaults=True):
    """On whose behalf, and because of what; as far as the headers say."""

    user_id: str = ""
    command_id: str = ""
    causation_id: Annotated[str, Meta(description="The id of the event that led to it.")] = ""
    correlation_id: str = ""
    trace: Annotated[str, Meta(description="A W3C traceparent.")] = ""


class Told(Struct, frozen=True):
    """One message."""

    at: Annotated[datetime, Meta(description="When it was stored, or heard where nothing is stored.")]
    subject: str
    kind: Kind
    of: Annotated[str, Meta(description="A service, a kind of job, a rendition, a reader.")]
    about: Annotated[str, Meta(description="The entity, such as a recording; empty where the subject names none.")]
    says: Annotated[str, Meta(description="The name of its type, such as `RecordingStopped`; empty when unknown.")]
    fields: Annotated[dict[str, Any], Meta(description="What it says; empty when it cannot be read.")]
    text: Annotated[str, Meta(description="Its body, where no schema reads it and it is text.")]
    size_bytes: int
    by: By
    id: Annotated[str, Meta(description="Its own id, `Nats-Msg-Id`.")] = ""
    sequence: Annotated[int, Meta(description="Its place in its stream; 0 where it is not stored.")] = 0


def heard(message: Msg) -> Told:
    """One that came now."""
    return read(message.subject, message.headers or {}, message.data, datetime.now(UTC))


def stored(entry: Entry) -> Told:
    """One of a stream."""
    at = entry.stored_at or datetime.now(UTC)
    return read(entry.subject, entry.headers, entry.data, at, entry.sequence, entry.size_bytes)


def read(
    subject: str, headers: Headers, body: bytes, at: datetime, sequence: int = 0, size_bytes: int | None = None
) -> Told:
    """Any message at all; what cannot be read by a schema is shown as text, or by its size."""
    name = names.read(subject)
    try:
        says, fields = _read(name, subject, headers, body)
    except (msgspec.MsgspecError, LookupError, ValueError, ImportError):  # of a service that this version has not
        says, fields = "", {}
    return Told(
        at=at,
        subject=subject,
        kind=name.kind,
        of=name.of,
        about=name.about,
        says=says,
        fields=fields,
        text="" if says else _text(body),
        size_bytes=len(body) if size_bytes is None else size_bytes,
        by=by(headers),
        id=headers.get(envelope.MESSAGE_ID, ""),
        sequence=sequence,
    )


def by(headers: Headers) -> By:
    """What the headers say of who and why."""
    wanted = (
        envelope.USER_ID,
        envelope.COMMAND_ID,
        envelope.CAUSATION_ID,
        envelope.CORRELATION_ID,
        envelope.TRACE,
    )
    return By(*(headers.get(header, "") for header in wanted))


def _read(name: Name, subject: str, headers: Headers, body: bytes) -> tuple[str, dict[str, Any]]:
    match name.kind:
        case "request" | "peer":
            return _of(_requests().get(headers.get(peers.SUBJECT, subject)), body)
        case "event":
            event = event_message.decode(subject, headers, body)
            return (type(event).__name__, _fields(event)) if event else ("", {})
        case "job":
            return _of(_jobs().get(jobs.kind_of(subject)), body)
        case "media":
            return _media(name.what, headers)
        case "live":
            return _of(SourceMeasured if name.what == "source" else None, body)
        case "dead letter":
            return _dead(headers)
        case "again":
            return "Again", {"sequence": int(body)}
        case _:
            return "", {}


def _of(said: Any, body: bytes) -> tuple[str, dict[str, Any]]:
    return (said.__name__, _fields(msgspec.json.decode(body, type=said))) if said else ("", {})


def _fields(said: Struct) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(said)
    found.pop("type", None)
    return found


def _media(kind: str, headers: Headers) -> tuple[str, dict[str, Any]]:
    match kind:
        case "init":
            return "Init", _fields(init_from_headers(headers))
        case "part":
            return "Part", _fields(part_from_headers(headers))
        case _:
            return "End", _fields(End(headers.get("Loom-Reason", "")))


def _dead(headers: Headers) -> tuple[str, dict[str, Any]]:
    reason, subject = headers[envelope.DEAD_REASON], headers[envelope.DEAD_SUBJECT]
    return "DeadLetter", {"subject": subject, "sequence": int(headers[envelope.DEAD_SEQUENCE]), "reason": reason}


def _text(body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() or "\n" in text else ""


@cache
def _requests() -> dict[str, type[Any]]:
    return {commands.of(said): said for said in _declared() if issubclass(said, Command | Query)}


@cache
def _jobs() -> dict[str, type[Any]]:
    return {jobs.kind_of(jobs.every(said)): said for said in _declared() if issubclass(said, Job)}


def _declared() -> Iterator[type[Any]]:
    """Every type of message there is."""
    for found in pkgutil.iter_modules(schemas.__path__):
        module = importlib.import_module(f"{schemas.__name__}.{found.name}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Struct) and value.__module__ == module.__name__:
                yield value
