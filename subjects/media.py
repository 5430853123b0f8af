"""loom.media.<recording id>.<rendition>.<kind>: stream MEDIA; init, part, end."""

from typing import Literal, NamedTuple

from schemas.media import InitHeaders, PartHeaders
from subjects.tokens import token

Kind = Literal["init", "part", "end"]


class Address(NamedTuple):
    """What a MEDIA subject says."""

    recording_id: str
    rendition: str
    kind: str


def init(recording_id: str, rendition: str) -> str:
    """Init segments of one rendition."""
    return f"loom.media.{token(recording_id)}.{token(rendition)}.init"


def part(recording_id: str, rendition: str) -> str:
    """Parts of one rendition."""
    return f"loom.media.{token(recording_id)}.{token(rendition) if rendition != '*' else rendition}.part"


def parts(recording_id: str) -> str:
    """Parts of every rendition of one recording."""
    return f"loom.media.{token(recording_id)}.*.part"


def end(recording_id: str) -> str:
    """The last message of a recording; readers ignore what follows it."""
    return f"loom.media.{token(recording_id)}.all.end"


def recording(recording_id: str) -> str:
    """Everything of one recording."""
    return f"loom.media.{token(recording_id)}.>"


def every(rendition: str = "*", kind: str = "*") -> str:
    """One rendition or kind of all recordings."""
    return f"loom.media.*.{rendition}.{kind}"


def address(subject: str) -> Address:
    """Read a MEDIA subject back."""
    _, _, recording_id, rendition, kind = subject.split(".")
    return Address(recording_id, rendition, kind)


def message_id(recording_id: str, rendition: str, said: InitHeaders | PartHeaders | None) -> str:
    """The `Nats-Msg-Id` that makes publishing idempotent; None is the end."""
    match said:
        case InitHeaders(number=number):
            return f"{recording_id}.{rendition}.init.{number}"
        case PartHeaders(segment=segment, part=number):
            return f"{recording_id}.{rendition}.{segment}.{number}"
        case None:
            return f"{recording_id}.end"
