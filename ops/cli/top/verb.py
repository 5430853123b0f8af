"""`loom top` itself: a picture on the terminal that is drawn anew after every look, or a line of JSON for each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from nats.aio.client import Client
from rich.live import Live

from ops.cli import printing
from ops.cli.reach import connected, database_if_there, patience, version
from ops.cli.top.look import Look, Sources, look, see
from ops.cli.top.picture import picture
from subjects import live

FIRST_S = 1.0
"""Between the two looks of the first picture; sources are heard once a second."""


async def top(every_s: float, *, once: bool, json: bool) -> None:
    """Until cancelled, or until it has looked `once`."""
    console = printing.console()
    async with connected() as nats:
        looks = _looks(nats, every_s)
        if json:
            async for found in looks:
                printing.as_json_line(found)
                if once:
                    return
        with patience("looking"):
            first = await anext(looks)
        if once or not console.is_terminal:
            console.print(picture(first, console.width))
            return
        with Live(picture(first, *console.size), console=console, screen=True, auto_refresh=False) as screen:
            screen.refresh()
            async for found in looks:
                screen.update(picture(found, *console.size), refresh=True)


async def _looks(nats: Client, every_s: float) -> AsyncIterator[Look]:
    server = f"NATS {version(nats)} at {nats.connected_url.netloc if nats.connected_url else ''}"
    async with AsyncExitStack() as stack:
        tables = await database_if_there(stack)
        sources = Sources(nats)
        await nats.subscribe(live.SOURCES, cb=sources.take)
        before, wait_s = await see(nats, tables), FIRST_S
        while True:
            await asyncio.sleep(wait_s)
            after = await see(nats, tables)
            yield look(server, before, after, sources.now())
            before, wait_s = after, every_s
