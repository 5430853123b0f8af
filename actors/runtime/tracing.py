"""On whose behalf does this task work, and as part of which trace? Log lines carry it, messages pass it on.

A trace is named as in W3C Trace Context, also where nobody exports any. `spans` is who does (`ops/tracing.py`).
"""

from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from hashlib import sha256
from typing import Any, Final, Literal, Protocol, TypeVar

from schemas.envelope import NOBODY, Caller

T = TypeVar("T")
Kind = Literal["server", "client", "producer", "consumer"]
Headers = dict[str, str]
current: Final[ContextVar[Caller]] = ContextVar("caller", default=NOBODY)


class Spans(Protocol):
    """Measures work. Its parent is what `headers` name; the work is given headers that name the span itself."""

    ratio: float

    async def around(
        self,
        kind: Kind,
        name: str,
        headers: Headers,
        work: Callable[[Headers], Awaitable[T]],
        *,
        begins: bool = False,
        others: Iterable[Headers] = (),
    ) -> T:
        """What the work comes to. `begins`: its span is the one `headers` name; `others` it is about as well."""


spans: Spans | None = None


def around(
    kind: Kind, name: str, headers: Headers, work: Callable[[Headers], Awaitable[T]], **more: Any
) -> Awaitable[T]:
    """The work, measured if anybody measures; `name` is a subject, or an HTTP method with its route."""
    return spans.around(kind, name, headers, work, **more) if spans else work(headers)


def of(entity: str) -> str:
    """The trace of an entity, always the same: what nobody sends along belongs to it all the same."""
    found = sha256(entity.encode()).hexdigest()
    is_kept = spans is not None and int(found[16:32], 16) < spans.ratio * 2**64
    return f"00-{found[:32]}-{found[32:48]}-{int(is_kept):02x}"
