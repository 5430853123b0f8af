"""`loom js tail`: what passes right now, or what a stream holds and what comes; each message read by its schema."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from nats.aio.client import Client
from nats.aio.msg import Msg
from rich.console import Console

from actors.jetstream import direct_get, report
from ops import credentials
from ops.cli import lines, printing, told
from ops.cli.ending import Misused, Trouble
from ops.cli.reach import connected, patience
from ops.cli.told import Told
from subjects import names


async def passing(subject: str, *, json: bool) -> None:
    """What is said from now on, stored or not, until cancelled."""
    async with connected() as nats:
        console = printing.console()
        await _relay(_heard(nats, subject), console, json=json)


async def kept(
    stream: str, subject: str, first: int | None, since_s: float | None, *, json: bool, follow: bool
) -> None:
    """What a stream holds from a sequence or a time on; then what comes. Raises Misused for a stream there is not."""
    async with connected() as nats:
        with patience(f"asking for {stream}"):
            there = {one.config.name: one for one in await report.streams(nats)}
        if stream not in there:
            raise Misused(f"There is no stream {stream}; there are {', '.join(sorted(there))}.")
        found = there[stream]
        since = found.ts - timedelta(seconds=since_s) if since_s is not None else None
        wanted = found.config.subjects[0] if subject == names.EVERYTHING else subject
        entries = _stored(nats, stream, wanted, first or found.state.last_seq + 1, since, follow=follow)
        await _relay(entries, printing.console(), json=json)


async def _relay(messages: AsyncIterator[Told], console: Console, *, json: bool) -> None:
    async for message in messages:
        if json:
            printing.as_json_line(message)
        else:
            console.print(lines.line(message), soft_wrap=True)


async def _heard(nats: Client, subject: str) -> AsyncIterator[Told]:
    came: asyncio.Queue[Msg] = asyncio.Queue()
    await nats.subscribe(subject, cb=came.put)
    await nats.flush()
    if nats.last_error and credentials.is_forbidden(nats.last_error):
        raise Trouble(f"Nobody may listen to {subject}; what a stream keeps can be read with --stream.")
    while nats.is_connected or not came.empty():
        try:
            async with asyncio.timeout(1):
                message = await came.get()
        except TimeoutError:
            continue
        yield told.heard(message)
    raise ConnectionError("it was stopped")


async def _stored(
    nats: Client, stream: str, subject: str, first: int, since: datetime | None, *, follow: bool
) -> AsyncIterator[Told]:
    async with direct_get.listening(nats, subject) as news:
        while True:
            page = await direct_get.batch(nats, stream, subject, first, since=since)
            for entry in page:
                yield told.stored(entry)
            if page:
                first, since = page[-1].sequence + 1, None
            elif follow:
                await news()
            else:
                return
