"""`loom js consumers`: who reads what, how far behind, and who is slow?"""

import asyncio
from contextlib import AsyncExitStack
from typing import Any, Final

from nats.aio.client import Client
from rich.console import Console
from rich.text import Text

from ops.cli import instances, printing, readers, words
from ops.cli.reach import connected, database_if_there, patience
from ops.cli.readers import Reader

BETWEEN_S: Final = 1.0
WIDE: Final = 100


async def consumers(*, json: bool) -> None:
    """Two looks, a second apart."""
    async with AsyncExitStack() as stack:
        nats = await stack.enter_async_context(connected())
        tables = await database_if_there(stack)
        with patience("asking for the readers"):
            before = await _look(nats, tables)
            await asyncio.sleep(BETWEEN_S)
            found = readers.compared(before, await _look(nats, tables))
    if json:
        printing.as_json(found)
    else:
        _show(found, printing.console(), has_tables=tables is not None)


async def _look(nats: Client, tables: Any) -> list[Reader]:
    shares = await instances.shares(nats)
    return await readers.look(nats, await instances.services(nats, shares), shares, tables)


def _show(found: list[Reader], console: Console, *, has_tables: bool) -> None:
    is_wide = console.width >= WIDE
    numbers = ("lag", "in hand", "again", "oldest")
    table = printing.table(("reader", "of", *numbers, "", *(["reads"] if is_wide else [])), numbers)
    for one in found:
        hand = (words.number(one.in_hand), words.number(one.redelivered)) if one.kind == "consumer" else ("", "")
        state = Text(one.slow, style=printing.BAD) if one.slow else Text("keeps up", style=printing.GOOD)
        oldest = words.seconds(one.oldest_s) if one.oldest_s else ""
        name = Text(one.name, style=printing.colour(one.name))
        reads = [printing.weak(" ".join(one.reads))] if is_wide else []
        table.add_row(name, one.stream, words.number(one.lag), *hand, oldest, state, *reads)
    console.print(table)
    if not has_tables:
        console.print(printing.weak("PostgreSQL does not answer: how far the tables are is not known."))
