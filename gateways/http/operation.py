"""What may be asked at an address, and all that may be answered: as data, for routers and for docs/openapi.json."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from msgspec import Struct

JSON: Final = "application/json"
TEXT: Final = str
"""The kind of a body that is text in a format of its own, such as SDP."""
OCTETS: Final = bytes
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing; they are never limited."""
Content = Mapping[str, Any]
"""Media type → kind: a Struct for JSON, TEXT or OCTETS."""


class Parameter(Struct, frozen=True):
    """A word of the path, the query or the head. `kind` is a type as msgspec knows it; its Meta says what it means."""

    name: str
    place: Literal["path", "query", "header"]
    kind: Any
    default: Any = None
    required: bool = False


class Answer(Struct, frozen=True):
    """One way in which an operation succeeds; `events` are those of a stream (name → kind of its data)."""

    status: int
    says: str
    content: Content = {}
    headers: Mapping[str, str] = {}
    events: Mapping[str, Any] = {}


class Operation(Struct, frozen=True, kw_only=True):
    """One method at one address. `name` is its operationId; `refuses` are the statuses of its refusals.

    What the connection itself may answer, whatever is asked (`EVERYWHERE`), is not repeated.
    """

    name: str
    method: str
    path: str
    tag: str
    summary: str
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    takes: Content = {}
    answers: tuple[Answer, ...]
    refuses: tuple[int, ...] = ()
    bearer: Literal["none", "optional", "required"] = "none"


EVERYWHERE: Final = (408, 431, 500, 503)
"""A request that arrives too slowly, a head that is too long, a defect, a process that is away."""
