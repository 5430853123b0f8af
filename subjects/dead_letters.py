"""loom.dlq.<stream>.<consumer>: stream DLQ, what failed for good, with why."""

from typing import Final

from subjects.tokens import token

AGAIN: Final = "loom.again.*"
"""Every service's `again`."""


def of(stream: str, consumer: str) -> str:
    """Where the dead letters of one consumer go."""
    return f"loom.dlq.{token(stream)}.{token(consumer)}"


def again(service: str) -> str:
    """Where a service is asked to handle a dead letter once more (request and reply)."""
    return f"loom.again.{token(service)}"
