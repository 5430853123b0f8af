"""`loom settings`: what can be set, and what is?"""

import os
from typing import Annotated, Final

from msgspec import Meta, Struct
from rich.table import Table
from rich.text import Text

from ops import settings as reading
from ops.cli import printing
from ops.embedded.known import shown

SECRET: Final = ("LOOM_SECRET", "LOOM_ICE_SERVERS")


class Line(Struct, frozen=True):
    """One setting."""

    name: str
    value: Annotated[str, Meta(description="What it is set to, without passwords; empty when it is not.")]
    default: str
    says: str


def main(*, json: bool) -> None:
    """All of them."""
    lines = [Line(one.name, _value(one.name), one.default, one.says) for one in reading.ALL]
    if json:
        printing.as_json(lines)
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    for line in lines:
        value = Text(line.value, style=printing.GOOD) if line.value else printing.weak(line.default)
        table.add_row(Text(line.name, style="bold"), value, line.says)
    printing.console().print(table)


def _value(name: str) -> str:
    text = os.environ.get(name, "")
    return "…" if text and name in SECRET else shown(text)
