"""loom.dlq.<stream>.<consumer>: stream DLQ, what failed for good, with why."""

from typing import Final, NamedTuple

from subjects.tokens import token

AGAIN: Final = "loom.again.*"
"""Every service's `again`."""
_PROJECTION: Final = "-projection"


class Reader(NamedTuple):
    """Whose dead letter it is; `projection` names the tables, where it is that of tables."""

    stream: str
    consumer: str
    projection: str


def of(stream: str, consumer: str) -> str:
    """Where the dead letters of one consumer go."""
    return f"loom.dlq.{token(stream)}.{token(consumer)}"


def every() -> str:
    """All of them."""
    return "loom.dlq.>"


def projection(service: str) -> str:
    """What the reader of a service's events that fills its tables is called as the consumer of a dead letter."""
    return f"{token(service)}{_PROJECTION}"


def reader(subject: str) -> Reader:
    """Who could not take what lies there."""
    _, _, stream, consumer = subject.split(".")
    is_projection = consumer.endswith(_PROJECTION)
    return Reader(stream, consumer, consumer.removesuffix(_PROJECTION) if is_projection else "")


def again(service: str) -> str:
    """Where a service is asked to handle a dead letter once more (request and reply)."""
    return f"loom.again.{token(service)}"
