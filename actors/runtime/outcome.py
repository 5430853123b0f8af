"""How can the handling of a message end? In one of five ways; `dispatch` settles and reports it once."""

import random
from typing import Final

from msgspec import Struct

from schemas.errors import LoomError

FIRST_PAUSE_S: Final = 0.25
LAST_PAUSE_S: Final = 10.0


class Done(Struct, frozen=True):
    """It was handled; `body` is the encoded answer to a request."""

    body: bytes = b""


class Passed(Done, frozen=True):
    """Another process of the service, whose entity it is, has handled it."""


class Refused(Struct, frozen=True):
    """It may not be; whoever asked is told why."""

    error: LoomError


class Retry(Struct, frozen=True):
    """It could not be handled now: what it needs is away. An event waits, a caller is told `unavailable`."""

    error: BaseException


class Late(Struct, frozen=True):
    """It took longer than it may. A caller is told `unavailable`; an event that always does is a defect."""

    error: BaseException


class Dead(Struct, frozen=True):
    """It cannot be handled: a defect. An event goes to the dead letters, a caller is told `internal`."""

    error: BaseException


Outcome = Done | Refused | Retry | Late | Dead


def pause_s(attempt: int) -> float:
    """How long to wait after the `attempt`th one: twice as long each time, and never all at the same moment."""
    return min(FIRST_PAUSE_S * 2.0 ** min(attempt - 1, 16), LAST_PAUSE_S) * random.uniform(0.5, 1)
