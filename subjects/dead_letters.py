"""loom.dlq.<stream>.<consumer>: stream DLQ, what failed for good, with why."""

from subjects.tokens import token


def of(stream: str, consumer: str) -> str:
    """Where the dead letters of one consumer go."""
    return f"loom.dlq.{token(stream)}.{token(consumer)}"
