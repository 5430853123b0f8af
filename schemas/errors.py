"""The ways a message can be refused, each with the code it carries on the wire.

    LoomError                 code             HTTP
    ├── Invalid               invalid          400
    ├── Unauthenticated       unauthenticated  401
    ├── Forbidden             forbidden        403
    ├── NotFound              not_found        404
    ├── Conflict              conflict         409
    ├── Gone                  gone             410
    └── Unavailable           unavailable      503
        └── Full              no_room          507

Anything else that is raised is a defect: it becomes `internal` with the text "Internal error",
and its details go to the log, never to the caller.
"""

from typing import ClassVar


class LoomError(Exception):
    """Base of all refusals. The message is for people; `code` is for programs."""

    code: ClassVar[str] = "internal"


class Invalid(LoomError):
    """What was said cannot be meant; the caller must change it."""

    code = "invalid"


class Unauthenticated(LoomError):
    """Nobody knows who asks; the caller must bring a valid token."""

    code = "unauthenticated"


class Forbidden(LoomError):
    """It is known who asks, and they may not."""

    code = "forbidden"


class NotFound(LoomError):
    """There is no such thing, or not for this caller."""

    code = "not_found"


class Conflict(LoomError):
    """The thing is not in a state that allows this."""

    code = "conflict"


class Gone(LoomError):
    """The thing was there and has been deleted for good."""

    code = "gone"


class Unavailable(LoomError):
    """Something this needs is away; the same request may succeed in a moment."""

    code = "unavailable"


class Full(Unavailable):
    """There is no room left to keep this; the same request may succeed once somebody has made some."""

    code = "no_room"


BY_CODE: dict[str, type[LoomError]] = {
    error.code: error for error in (Invalid, Unauthenticated, Forbidden, NotFound, Conflict, Gone, Unavailable, Full)
}


def refusal(code: str, text: str) -> LoomError:
    """The error that was said on the wire."""
    return BY_CODE.get(code, LoomError)(text)
