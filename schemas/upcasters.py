"""How does an event that an older Loom wrote read today? One step from each version of its body to the next.

To change an event: raise its `version`, add the step from the version before, and keep both golden files
(`tests/schemas/golden`). Nothing in the stream is ever rewritten.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import msgspec

from schemas.message import Event

E = TypeVar("E", bound=Event)
Step = Callable[[dict[str, Any]], dict[str, Any]]

STEPS: Final[dict[tuple[str, int], Step]] = {}
"""(event, version) → its body as the next version has it."""


def read(said: type[E], version: int, body: bytes, steps: Mapping[tuple[str, int], Step] = STEPS) -> E:
    """The event that was written as `version`. A newer one than ours is read as far as we know it.

    Raises: msgspec.MsgspecError for a body that is none; LookupError when a step is missing.
    """
    if version >= said.version:
        return msgspec.json.decode(body, type=said)
    found = msgspec.json.decode(body, type=dict[str, Any])
    for older in range(version, said.version):
        if (said.__name__, older) not in steps:
            raise LookupError(f"There is no step from version {older} of {said.__name__} to {older + 1}.")
        found = steps[said.__name__, older](found)
    return msgspec.convert(found, said)
