"""loom.live.<recording id>.<what>: core NATS, for those who listen right now; nothing is kept."""

from subjects.tokens import token


def source(recording_id: str) -> str:
    """The source's state: connected, lost, bytes and frames per second, loss."""
    return f"loom.live.{token(recording_id)}.source"


def progress(recording_id: str) -> str:
    """How far the jobs of this recording are."""
    return f"loom.live.{token(recording_id)}.progress"


def watched(recording_id: str) -> str:
    """Somebody is reading the playlists of this live recording."""
    return f"loom.live.{token(recording_id)}.watched"


def recording_of(subject: str) -> str:
    """Whose state it is."""
    return subject.split(".")[2]


def recording(recording_id: str) -> str:
    """All that is live about one recording."""
    return f"loom.live.{token(recording_id)}.*"


SOURCES = "loom.live.*.source"
"""The state of the sources of all recordings."""

PROGRESS = "loom.live.*.progress"
"""How far jobs are, of all recordings."""

WATCHED = "loom.live.*.watched"
"""Somebody is reading the playlists of a live recording, of any recording."""

TAKEOVERS = "loom.live.*.takeover"
"""A new source session goes on with a recording, of any recording."""


def takeover(recording_id: str) -> str:
    """A new source session goes on with this recording: others close themselves."""
    return f"loom.live.{token(recording_id)}.takeover"
