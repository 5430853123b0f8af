"""`loom dlq ls` and `loom dlq show`: which dead letters are there, and why?"""

import json as plain
from typing import Final

from rich.console import Console
from rich.text import Text

from ops.cli import printing, words
from ops.cli.dlq import letters
from ops.cli.dlq.letters import Letter
from ops.cli.reach import connected, patience

WIDE: Final = 110


async def ls(*, json: bool) -> None:
    """All of them."""
    async with connected() as nats:
        with patience("reading the dead letters"):
            found = await letters.every(nats)
    if json:
        printing.as_json(found)
    elif found:
        _list(found, printing.console())
    else:
        printing.console().print(Text("No dead letters.", style=printing.GOOD))


async def show(numbers: list[int], *, json: bool) -> None:
    """All that is known of some."""
    async with connected() as nats:
        with patience("reading the dead letters"):
            found = await letters.some(nats, numbers)
    if json:
        printing.as_json(found)
        return
    console = printing.console()
    for letter in found:
        _show(letter, console)


def remedy(letter: Letter) -> str:
    """What can be done once the reason is mended."""
    if letter.tables:
        return f"`loom rebuild {letter.tables}` makes the tables anew; then `loom dlq drop {letter.number}`."
    if letter.stream == "JOBS":
        return f"`loom dlq retry {letter.number}` puts the job back into the queue."
    return f"`loom dlq retry {letter.number}` hands it to {letter.reader} once more."


def _list(found: list[Letter], console: Console) -> None:
    is_wide = console.width >= WIDE
    columns = (
        ("nr.", "ago", "reader", "what", "of", "why") if is_wide else ("nr.", "ago", "reader", "what, of whom, why")
    )
    table = printing.table(columns, ("nr.", "ago"))
    for letter in found:
        what, about = _what(letter), printing.weak(letter.about)
        why = Text(words.one_line(letter.reason), style="red")
        number, reader = str(letter.number), Text(letter.reader, style=printing.colour(letter.reader))
        rest = (what, about, why) if is_wide else (Text.assemble(what, " ", about, "\n", why),)
        table.add_row(number, words.ago(letter.at), reader, *rest)
    console.print(table)


def _what(letter: Letter) -> Text:
    return Text(letter.says or letter.subject, style="bold")


def _show(letter: Letter, console: Console) -> None:
    console.print(Text.assemble((f"Dead letter {letter.number}", "bold"), f", {words.ago(letter.at)} ago"))
    facts = {
        "reader": letter.reader,
        "message": letter.says or "of no type that is known",
        "of": letter.about,
        "subject": f"{letter.subject} ({letter.stream} {letter.sequence})",
        "id": letter.id,
        "command": letter.by.command_id,
        "because of": letter.by.causation_id,
        "request": letter.by.correlation_id,
        "by": letter.by.user_id,
        "trace": letter.by.trace,
        "says": plain.dumps(letter.fields, ensure_ascii=False) if letter.fields else letter.text,
    }
    for name, value in facts.items():
        if value:
            console.print(Text.assemble((f"{name:>10}  ", printing.WEAK), value))
    console.print(Text.assemble((f"{'why':>10}  ", printing.WEAK), (letter.reason, "red")))
    console.print(printing.weak(letter.trace.rstrip()))
    console.print(Text(remedy(letter), style="bold"), Text())
