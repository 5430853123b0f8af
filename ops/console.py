"""What does the person who typed `loom up` see? One line after another, each under the name of who says it."""

import json
import sys
from collections.abc import Iterable
from typing import Final

COLOURS: Final = (36, 35, 34, 33, 32, 96, 95, 94, 93)
GOOD: Final = 92
BAD: Final = 91
WIDTH: Final = 10


class Console:
    """Lines on standard output: for people, or for machines that read JSON."""

    def __init__(self, form: str = "console") -> None:
        self._json = form == "json"

    def say(self, name: str, line: str, colour: int | None = None) -> None:
        """One line of ours, at once."""
        if self._json:
            self._write(json.dumps({"process": name, "event": line}))
        else:
            self._write(f"{_label(name, colour)}  {line}")

    def pass_on(self, name: str, line: str) -> None:
        """A line of a process that already speaks the configured form."""
        if self._json and line.startswith("{"):
            self._write(line)
        else:
            self.say(name, line)

    def _write(self, line: str) -> None:
        print(line, flush=True)  # noqa: T201


def complain(lines: Iterable[str]) -> None:
    """Why it cannot go on, on standard error."""
    for line in lines:
        print(f"loom: {line}", file=sys.stderr)  # noqa: T201


def _label(name: str, colour: int | None) -> str:
    if not sys.stdout.isatty():
        return f"{name:>{WIDTH}}"
    return f"\x1b[{colour or COLOURS[sum(name.encode()) % len(COLOURS)]}m{name:>{WIDTH}}\x1b[0m"
