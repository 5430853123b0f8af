"""_INBOX_<process>.<something that cannot be guessed>: where answers go; nobody else may listen there."""

from typing import Final

_PREFIX: Final = "_INBOX"


def of(process: str) -> str:
    """What the inboxes of a process begin with."""
    return f"{_PREFIX}_{process}"


def is_one(subject: str) -> bool:
    """Whether it is somebody's, be it that of a person with the `nats` command."""
    return subject.startswith(_PREFIX)
