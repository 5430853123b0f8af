"""`loom services`: who is there, what was asked of them, how long it took, who has which share of the entities?"""

from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.text import Text

from ops.cli import instances, printing, words
from ops.cli.instances import Endpoint, Instance, Service
from ops.cli.reach import connected, patience

WIDE: Final = 100
INSIDE: Final = ("peer", "again")
"""Endpoints between the processes of a service, and for operators; shown once they were used."""


async def services(*, json: bool) -> int:
    """The exit status: 1 when somebody is missing."""
    async with connected() as nats:
        with patience("asking who is there"):
            found = await instances.services(nats, await instances.shares(nats))
    if json:
        printing.as_json(found)
    else:
        _show(found, printing.console())
    return int(any(instances.trouble(service) for service in found))


def _show(found: Iterable[Service], console: Console) -> None:
    is_wide = console.width >= WIDE
    numbers = ("asked", "errors", "mean")
    more = ("share", "up", "version") if is_wide else ("share", "up")
    table = printing.table(("service", "member", *more, "endpoint", *numbers), ("share", "up", *numbers))
    for service in found:
        name = Text(service.name, style=f"bold {printing.colour(service.name)}")
        for instance in service.instances:
            about = _about(instance, is_wide=is_wide)
            rows = [_numbers(one) for one in instance.endpoints if one.requests or one.name not in INSIDE]
            for row in rows or [[Text()] * len(numbers)]:
                table.add_row(name, *about, *row)
                name, about = Text(), [Text()] * len(about)
        if why := instances.trouble(service):
            table.add_row(name, Text(why, style=printing.BAD))
    console.print(table)


def _about(instance: Instance, *, is_wide: bool) -> list[Text]:
    member = Text(instance.member, style="" if instance.answers else printing.BAD)
    words_ = (str(instance.partitions), words.ago(instance.started_at), *([instance.version] if is_wide else []))
    return [member, *map(Text, words_)]


def _numbers(one: Endpoint) -> list[Text]:
    errors = Text(words.number(one.errors), style=printing.BAD if one.errors else "")
    mean = Text(f"{one.mean_ms:.1f} ms" if one.requests else "")
    return [Text(one.name), Text(words.number(one.requests)), errors, mean]
