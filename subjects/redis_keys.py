"""loom:<what>:<recording id>: what is kept in Redis. All of it expires and can be made again."""

from typing import Final

from subjects.tokens import token

LIMITS: Final = "loom:limits"
"""How many requests of an address there were in this minute and the one before; the library appends the rest."""


def link(recording_id: str) -> str:
    """What a link leads to: the recording's view as JSON; empty while it changes."""
    return f"loom:link:{token(recording_id)}"


def viewers(recording_id: str) -> str:
    """Who is watching: a sorted set of random ids, by when each was last seen (seconds since 1970)."""
    return f"loom:viewers:{token(recording_id)}"
