"""`loom rebuild`: tables are made anew from the events, and compared with those that served."""

from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from ops.cli import printing
from ops.cli.ending import Misused, Trouble
from ops.cli.reach import connected, database_url, patience
from ops.rebuild import Rebuilt, projection_of, rebuild

SHORT = 12


async def run(name: str, *, check: bool, json: bool) -> int:
    """The exit status: 1 when `check` finds a difference."""
    import asyncpg  # noqa: PLC0415

    try:
        projection = projection_of(name)
    except LookupError as error:
        raise Misused(str(error).strip("'\"")) from error
    url = database_url()
    async with connected() as nats:
        with patience(f"reading the events of {name}"), _progress(name) as bar:
            task = bar.add_task("", total=None)
            try:
                found = await rebuild(
                    nats, url, projection, lambda at, last: bar.update(task, completed=at, total=last), swap=not check
                )
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                raise Trouble(f"The tables of {name} were left as they are: {error}") from error
    if json:
        printing.as_json(found)
    else:
        _show(found, printing.console())
    return int(check and bool(found.different))


def _progress(name: str) -> Progress:
    columns: tuple[Any, ...] = (
        TextColumn(f"reading the events of {name}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = printing.console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _show(found: Rebuilt, console: Console) -> None:
    table = printing.table(("table", "served", "from the events", ""))
    for name, before in found.before.items():
        after = found.after[name]
        same = Text("the same", style=printing.GOOD) if before == after else Text("different", style=printing.BAD)
        table.add_row(name, printing.weak(before[:SHORT]), printing.weak(after[:SHORT]), same)
    console.print(table)
    console.print(_verdict(found))


def _verdict(found: Rebuilt) -> str:
    if found.swapped:
        return f"The new tables serve; they stand at event {found.sequence}."
    if found.different:
        return f"Nothing was changed; `loom rebuild {found.projection}` puts the right ones in their place."
    return "Nothing was changed, and nothing needs to be."
