"""Options that several verbs have; nothing heavy is imported here, so that `loom --help` is there at once."""

import re
from typing import Annotated, Final

import typer

Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def span_s(text: str) -> float:
    """`90s`, `10m`, `2h`, `3d` in seconds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    if not found:
        raise typer.BadParameter(f"{text!r} is no span of time; 90s, 10m, 2h and 3d are")
    return float(found[1]) * _UNITS[found[2]]


def is_span(text: str) -> str:
    """Checked when it is typed, read where it is used: a default of typer's stays text."""
    span_s(text)
    return text
