"""Does the log refuse a message because there is no room? By nats-server's error numbers."""

from typing import Final

from nats.js.errors import APIError

_NO_ROOM: Final = frozenset({10023, 10047, 10077})
"""Insufficient resources; insufficient storage; the stream's own limit."""
NO_ROOM: Final = (
    "There is no room left to keep anything new; what was recorded is kept, and it goes on once there is some."
)


def is_full(error: APIError) -> bool:
    """Whether there may be room later."""
    return error.err_code in _NO_ROOM
