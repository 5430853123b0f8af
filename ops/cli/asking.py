"""May it be done? Asked on a terminal; where nobody can be asked, it has to be said beforehand."""

import sys

import typer

from ops.cli.ending import Misused


def is_meant(question: str, *, yes: bool) -> bool:
    """What the person says. Raises Misused when there is nobody to ask."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise Misused(f"{question} There is nobody to ask: say --yes.")
    return typer.confirm(question, err=True)
