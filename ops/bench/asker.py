"""The other side: `python -m ops.bench.asker KIND URL COUNT AT_ONCE [RATE]`; one JSON line at the end.

As many requests as told, `AT_ONCE` at a time; or, with RATE, so many a second whether or not they are answered.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import msgspec
import uvloop
from msgspec import Struct

from actors.jetstream.connection import Connection
from actors.runtime.client import Client
from ops.bench.figure import percentile
from ops.bench.greeting import SayGreeting
from ops.bench.responder import FASTSTREAM, RAW
from ops.bench.servers import connected
from schemas.envelope import Caller, caller_to_headers
from schemas.ids import new_id

GUESTS = tuple(new_id() for _ in range(200))
WARM_UP = 500
DEADLINE_S = 5.0
One = Callable[[int], Coroutine[Any, Any, None]]


class Asked(Struct, frozen=True):
    """What it cost here, and how long answers took."""

    cpu_s: float
    seconds: float
    p50_ms: float
    p99_ms: float


@asynccontextmanager
async def asking(kind: str, url: str) -> AsyncIterator[Callable[[int], Awaitable[object]]]:
    """The `number`th request, with the same headers and body on the wire whatever kind it is."""
    wishes = [SayGreeting(guest) for guest in GUESTS]
    headers = caller_to_headers(Caller(command_id=new_id(), deadline=time.time() + DEADLINE_S))
    async with AsyncExitStack() as stack:
        if kind == "faststream":
            yield await _faststream(url, wishes, headers, stack)
            return
        client = await stack.enter_async_context(connected(url, None if kind == "raw" else Connection()))
        if kind == "actor":
            asks = Client(client)
            yield lambda number: asks.ask(wishes[number % len(wishes)])
            return
        bodies = [msgspec.json.encode(wish) for wish in wishes]
        yield lambda number: client.request(RAW, bodies[number % len(bodies)], timeout=DEADLINE_S, headers=headers)


async def _faststream(
    url: str, wishes: Sequence[SayGreeting], headers: dict[str, str], stack: AsyncExitStack
) -> Callable[[int], Awaitable[object]]:
    """Encoded and decoded by FastStream, as its documentation shows it."""
    from faststream.nats import NatsBroker  # noqa: PLC0415  only here, and only where it is installed

    bodies = [msgspec.to_builtins(wish) for wish in wishes]
    broker = await stack.enter_async_context(NatsBroker(url, logger=None))
    await broker.connect()

    async def ask(number: int) -> object:
        reply = await broker.request(bodies[number % len(bodies)], FASTSTREAM, headers=headers, timeout=DEADLINE_S)
        return await reply.decode()

    return ask


async def main(kind: str, url: str, count: int, at_once: int, rate: float) -> Asked:
    """Warm up, then measure."""
    async with asking(kind, url) as ask:
        took: list[float] = []

        async def one(number: int) -> None:
            began = time.perf_counter()
            await ask(number)
            took.append(time.perf_counter() - began)

        await _closed(one, WARM_UP, at_once)
        took.clear()
        cpu, began = time.process_time(), time.perf_counter()
        await (_open(one, count, rate) if rate else _closed(one, count, at_once))
        seconds = time.perf_counter() - began
        return Asked(time.process_time() - cpu, seconds, 1e3 * percentile(took, 50), 1e3 * percentile(took, 99))


async def _closed(one: One, count: int, at_once: int) -> None:
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await one(number)

    await asyncio.gather(*(worker() for _ in range(at_once)))


async def _open(one: One, count: int, rate: float) -> None:
    began = time.perf_counter()
    async with asyncio.TaskGroup() as owner:
        for number in range(count):
            owner.create_task(one(number))
            ahead = (number + 1) / rate - (time.perf_counter() - began)
            if ahead > 0.001:  # noqa: PLR2004
                await asyncio.sleep(ahead)


if __name__ == "__main__":
    words = sys.argv[1:]
    found = uvloop.run(main(words[0], words[1], int(words[2]), int(words[3]), float(words[4]) if words[4:] else 0.0))
    print(msgspec.json.encode(found).decode())  # noqa: T201
