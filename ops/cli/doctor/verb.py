"""`loom doctor` itself: all questions, in an order in which one can work on them."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops import settings as reading
from ops.cli import printing
from ops.cli.doctor import machine, servers
from ops.cli.doctor.finding import Finding
from ops.cli.reach import patience
from ops.settings import SettingError


async def doctor(*, json: bool) -> int:
    """The exit status: 1 when something needs help."""
    with patience("asking the servers"):
        found = await examine()
    if json:
        printing.as_json(found)
    else:
        _show(found, printing.console())
    return int(any(finding.help for finding in found))


async def examine() -> list[Finding]:
    """Everything; a setting that cannot be used ends it."""
    unknown = reading.unknown()
    remedy = "`loom settings` lists them all." if unknown else ""
    first = Finding("settings", f"{', '.join(unknown)}: no such setting" if unknown else "understood", remedy)
    try:
        settings = reading.read()
    except SettingError as error:
        return [first, Finding("settings", "cannot be used", str(error))]
    return [first, *(ask(settings) for ask in machine.QUESTIONS), *await servers.examine(settings)]


def _show(found: list[Finding], console: Console) -> None:
    table = Table.grid(padding=(0, 1, 0, 0))
    for finding in found:
        style = printing.BAD if finding.help else printing.GOOD
        answer = Text(finding.answer)
        if finding.help:
            answer.append(f"\n→ {finding.help}", style="bold")
        table.add_row(Text("✗" if finding.help else "✓", style=style), Text(finding.question, style="bold"), answer)
    console.print(table)
    wrong = sum(bool(finding.help) for finding in found)
    console.print(Text(f"{wrong} of {len(found)} need help." if wrong else "All is well.", style="bold"))
