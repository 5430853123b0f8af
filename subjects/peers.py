"""loom.peer.<service>.<member>: one process of a service speaks to another, for the entities that are the other's."""

from typing import Final

from subjects.tokens import token

SUBJECT: Final = "Loom-Subject"
"""The header that says where a message that is passed on was sent to."""


def of(service: str, member: str) -> str:
    """What this member is to handle."""
    return f"loom.peer.{token(service)}.{token(member)}"


def of_service(service: str) -> str:
    """What any member of a service is to handle."""
    return f"loom.peer.{token(service)}.*"
