"""loom.live.<recording id>.<what>: core NATS, for those who listen right now; nothing is kept."""

from subjects.tokens import token


def source(recording_id: str) -> str:
    """The source's state: connected, lost, bytes and frames per second, loss."""
    return f"loom.live.{token(recording_id)}.source"


def recording(recording_id: str) -> str:
    """All that is live about one recording."""
    return f"loom.live.{token(recording_id)}.*"
