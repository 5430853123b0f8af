"""loom.cmd.<service>.<verb>: request and reply, a NATS micro service per actor (ADR-32)."""

from functools import cache
from typing import Any, Literal

from schemas.message import Command, Query
from subjects.tokens import name_of, service_of


@cache
def of(said: type[Command[Any]] | type[Query[Any]]) -> str:
    """Where a command or query is sent: `StopRecording` goes to `loom.cmd.recording.stop`."""
    return f"loom.cmd.{service_of(said)}.{name_of(said)}"


def ping(service: str) -> str:
    """Where every process of a service answers that it is there (ADR-32)."""
    return f"$SRV.PING.{service}"


def everybody(verb: Literal["PING", "INFO", "STATS"]) -> str:
    """Where every process of every service answers."""
    return f"$SRV.{verb}"
