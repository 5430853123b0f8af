"""On whose behalf does this task work, and as part of which trace? Log lines carry it, messages pass it on.

A trace is named as in W3C Trace Context, also where nobody exports any. `spans` is who does (`ops/tracing.py`).
"""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from hashlib import sha256
from typing import Any, Final, Literal, Protocol, TypeVar

from schemas.envelope import NOBODY, Caller

T = TypeVar("T")
Kind = Literal["server", "client", "producer", "consumer"]
Headers = dict[str, str]
Work = Callable[..., Awaitable[T]]
current: Final[ContextVar[Caller]] = ContextVar("caller", default=NOBODY)


class Spans(Protocol):
    """Measures work. Its parent is what `headers` name; the work is given headers that name the span itself."""

    ratio: float

    def around(
        self, kind: Kind, name: str, headers: Headers, work: Work[T], *arguments: Any, **more: Any
    ) -> Awaitable[T]:
        """What the work comes to."""


spans: Spans | None = None


def around(kind: Kind, name: str, headers: Headers, work: Work[T], *arguments: Any, **more: Any) -> Awaitable[T]:
    """`work(headers, *arguments)`, measured if anybody measures; `name` is a subject, or a method and a route of HTTP.

    `begins=True`: its span is the one that `headers` name; `others=[…]`: the headers of what it is about as well.
    """
    return spans.around(kind, name, headers, work, *arguments, **more) if spans else work(headers, *arguments)


def of(entity: str) -> str:
    """The trace of an entity, always the same: what nobody sends along belongs to it all the same."""
    found = sha256(entity.encode()).hexdigest()
    is_kept = spans is not None and int(found[16:32], 16) < spans.ratio * 2**64
    return f"00-{found[:32]}-{found[32:48]}-{int(is_kept):02x}"
