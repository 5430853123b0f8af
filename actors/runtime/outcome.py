"""How can the handling of a message end? In one of four ways; `dispatch` settles and reports it once."""

from msgspec import Struct

from schemas.errors import LoomError


class Done(Struct, frozen=True):
    """It was handled; `body` is the encoded answer to a request."""

    body: bytes = b""


class Refused(Struct, frozen=True):
    """It may not be; whoever asked is told why."""

    error: LoomError


class Retry(Struct, frozen=True):
    """It could not be handled now; an event comes again after a while, a caller is told to."""

    error: BaseException
    after_s: float = 1.0


class Dead(Struct, frozen=True):
    """It cannot be handled: a defect. An event goes to the dead letters, a caller is told `internal`."""

    error: BaseException


Outcome = Done | Refused | Retry | Dead
