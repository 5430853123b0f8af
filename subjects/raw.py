"""loom.raw.<recording id>.<kind>: stream RAW; page, end."""

from typing import NamedTuple

from schemas.raw import PageHeaders
from subjects.tokens import token


class Address(NamedTuple):
    """What a RAW subject says."""

    recording_id: str
    kind: str


def page(recording_id: str) -> str:
    """What its sources sent, in order."""
    return f"loom.raw.{token(recording_id)}.page"


def end(recording_id: str) -> str:
    """No page that follows counts."""
    return f"loom.raw.{token(recording_id)}.end"


def recording(recording_id: str) -> str:
    """Everything of one recording."""
    return f"loom.raw.{token(recording_id)}.>"


def every(kind: str = "*") -> str:
    """One kind of all recordings."""
    return f"loom.raw.*.{kind}"


def address(subject: str) -> Address:
    """Read a RAW subject back."""
    _, _, recording_id, kind = subject.split(".")
    return Address(recording_id, kind)


def message_id(recording_id: str, said: PageHeaders | None = None) -> str:
    """The `Nats-Msg-Id` that makes publishing idempotent; None is the end."""
    return f"{recording_id}.raw.end" if said is None else f"{recording_id}.raw.{said.session}.{said.number}"
