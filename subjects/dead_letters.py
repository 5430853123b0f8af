"""loom.dlq.<stream>.<consumer>: stream DLQ, what failed for good, with why."""

from subjects.tokens import token


def of(stream: str, consumer: str) -> str:
    """Where the dead letters of one consumer go."""
    return f"loom.dlq.{token(stream)}.{token(consumer)}"


def again(service: str) -> str:
    """Where a service is asked to handle a dead letter once more (request and reply)."""
    return f"loom.again.{token(service)}"
