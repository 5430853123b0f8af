"""What may stand between the dots of a subject (NATS ADR-6), and how a class name becomes one."""

import re
from functools import cache
from typing import Final

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]+")
_WORD: Final = re.compile(r"(?<!^)(?=[A-Z])")


def token(text: str) -> str:
    """`text`, when it may stand between two dots. Raises ValueError."""
    if not _TOKEN.fullmatch(text):
        raise ValueError(f"{text!r} cannot be part of a subject: only letters, digits, '-' and '_' may")
    return text


@cache
def service_of(said: type) -> str:
    """The service a message belongs to: the name of the module of `schemas` that declares it."""
    return said.__module__.rpartition(".")[2]


@cache
def name_of(said: type) -> str:
    """A class name as a token, without its service's noun: `RecordingStopped` is `stopped`."""
    words = _WORD.sub("_", said.__name__).lower().split("_")
    noun = service_of(said)
    kept = [word for word in words if word not in (noun, f"{noun}s")]
    return "_".join(kept or words)
