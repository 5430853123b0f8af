"""What is a dead letter? A message that a reader could not take, with why; read from the stream DLQ."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from actors.jetstream import direct_get
from actors.jetstream.direct_get import Entry
from ops.cli import told
from ops.cli.ending import Trouble
from ops.cli.told import By
from schemas import envelope
from subjects import dead_letters
from subjects.streams import DLQ


class Letter(Struct, frozen=True):
    """One dead letter."""

    number: Annotated[int, Meta(description="Its sequence in the stream DLQ: what the other verbs call it by.")]
    at: Annotated[datetime, Meta(description="When it was given up.")]
    stream: Annotated[str, Meta(description="Where the message was read from: EVENTS or JOBS.")]
    reader: Annotated[str, Meta(description="Who could not take it: a service, the consumer of a kind of job, tables.")]
    tables: Annotated[str, Meta(description="The name for `loom rebuild`, where it is tables; else empty.")]
    subject: str
    sequence: Annotated[int, Meta(description="The message's own sequence in that stream.")]
    about: Annotated[str, Meta(description="The entity, such as a recording.")]
    says: Annotated[str, Meta(description="The type of the message; empty when it cannot be read.")]
    fields: dict[str, Any]
    text: Annotated[str, Meta(description="The body as text, when it cannot be read.")]
    reason: str
    trace: Annotated[str, Meta(description="The traceback of the last attempt.")]
    id: Annotated[str, Meta(description="The message's own id.")]
    by: By


def of(entry: Entry) -> Letter:
    """Read from the stream. Raises LookupError for what is no dead letter."""
    headers, reader = entry.headers, dead_letters.reader(entry.subject)
    subject = headers[envelope.DEAD_SUBJECT]
    at = entry.stored_at
    assert at
    inside = told.read(subject, headers, entry.data, at)
    return Letter(
        number=entry.sequence,
        at=at,
        stream=reader.stream,
        reader=reader.consumer,
        tables=reader.projection,
        subject=subject,
        sequence=int(headers[envelope.DEAD_SEQUENCE]),
        about=inside.about,
        says=inside.says,
        fields=inside.fields,
        text=inside.text,
        reason=headers.get(envelope.DEAD_REASON, ""),
        trace=headers.get(envelope.DEAD_TRACE, "").encode().decode("unicode_escape"),
        id=headers.get(envelope.DEAD_ID, ""),
        by=inside.by,
    )


async def every(nats: Client) -> list[Letter]:
    """All there are, the oldest first. Raises what nats-py raises."""
    found: list[Letter] = []
    first = 1
    while page := await direct_get.batch(nats, DLQ.name, dead_letters.every(), first):
        found += [of(entry) for entry in page]
        first = page[-1].sequence + 1
    return found


async def some(nats: Client, numbers: Sequence[int]) -> list[Letter]:
    """Those. Raises Trouble for one that is not there, and what nats-py raises."""
    return [of(await entry(nats, number)) for number in numbers]


async def entry(nats: Client, number: int) -> Entry:
    """As it lies in the stream. Raises Trouble when it is not there, and what nats-py raises."""
    try:
        return await direct_get.at(nats, DLQ.name, number)
    except NotFoundError as error:
        raise Trouble(f"There is no dead letter {number}; `loom dlq ls` lists those there are.") from error
