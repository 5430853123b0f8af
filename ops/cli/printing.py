"""How is an answer shown? For people as rich text, in colour on a terminal; for programs as JSON."""

import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import msgspec
from rich.box import Box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

WIDE: Final = 160
"""Columns where nobody says how many there are: a file, a pipe."""
COLOURS: Final = ("cyan", "magenta", "blue", "yellow", "green", "bright_cyan", "bright_magenta", "bright_blue")
KNOWN: Final = {
    "recording": "cyan",
    "streaming": "blue",
    "processing": "magenta",
    "finishing": "green",
    "saga": "green",
    "video": "bright_blue",
    "audio": "bright_cyan",
    "aac": "bright_magenta",
}
GOOD: Final = "green"
BAD: Final = "bold red"
WEAK: Final = "bright_black"
_FONTS: Final = re.compile(r"@font-face \{.*?\}", re.DOTALL)
"""A picture is not to fetch anything from anywhere."""
_LINE: Final = Box("    \n    \n ── \n    \n    \n    \n    \n    \n")


def console(*, stderr: bool = False) -> Console:
    """Colours only on a terminal, and not where NO_COLOR is set."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else WIDE
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def colour(name: str) -> str:
    """The same one for the same service, wherever it is named."""
    return KNOWN.get(name) or COLOURS[crc32(name.encode()) % len(COLOURS)]


def as_json(value: Any) -> None:
    """One answer."""
    _write(msgspec.json.format(msgspec.json.encode(value), indent=2))


def as_json_line(value: Any) -> None:
    """One of many answers, on a line of its own, at once."""
    _write(msgspec.json.encode(value))


def table(columns: Sequence[str], right: Sequence[str] = ()) -> Table:
    """With a thin line below its head; the columns named in `right` hold numbers."""
    made = Table(box=_LINE, pad_edge=False, show_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    for column in columns:
        is_number = column in right
        made.add_column(column, justify="right" if is_number else "left", no_wrap=is_number)
    return made


def as_svg(path: Path, title: str, draw: Callable[[Console], RenderableType], width: int = 120) -> None:
    """A picture of what a terminal would show, for a document or a report."""
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=width, file=nowhere, highlight=False, markup=False, emoji=False)
        console.print(draw(console))
    path.write_text(_FONTS.sub("", console.export_svg(title=title)))


def weak(text: str) -> Text:
    """What matters less."""
    return Text(text, style=WEAK)


def _write(line: bytes) -> None:
    sys.stdout.write(line.decode() + "\n")
    sys.stdout.flush()
