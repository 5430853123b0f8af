"""A service to put under fire, processes of it, and what must be true afterwards.

`AddNumber` appends to a counter's story; every number that was added is noted by whoever hears of it, in the story of
its echo. So both stories must hold each number once, in the order in which it was sent.
"""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import nats
import structlog
import uvloop
from msgspec import Struct
from nats.aio.client import Client as Nats

from actors.jetstream import direct_get
from actors.runtime.actor import Actor, running
from actors.runtime.client import Client
from actors.runtime.handlers import command, on
from actors.sourcing.store import EventStore
from schemas.envelope import Caller, Meta
from schemas.errors import Conflict, Unavailable
from schemas.message import Command, Event
from subjects import events
from subjects.streams import EVENTS
from tests.servers import ROOT


class Counted(Struct, frozen=True):
    """How many there are now."""

    count: int


class AddNumber(Command[Counted], frozen=True):
    """Once."""

    counter_id: str
    number: int


class NumberAdded(Event, frozen=True):
    """A number is in the story of a counter."""

    counter_id: str
    number: int


class NumberHeard(Event, frozen=True):
    """And in that of its echo."""

    echo_id: str
    number: int


SERVICE = __name__.rpartition(".")[2]
sys.modules[f"schemas.{SERVICE}"] = sys.modules[__name__]  # where the store looks for a service's events


def evolve(state: tuple[int, ...], event: Event) -> tuple[int, ...]:
    """All numbers so far."""
    return (*state, event.number)  # type: ignore[attr-defined]


class CountingActor(Actor, service=SERVICE):
    """Counts, and hears itself."""

    def __init__(self, client: Nats) -> None:
        self._counters: EventStore[tuple[int, ...]] = EventStore(client, SERVICE, (), evolve)

    @command
    async def add(self, said: AddNumber, caller: Caller) -> Counted:
        """The next number, and no other."""

        def choose(numbers: tuple[int, ...]) -> list[Event]:
            if said.number != len(numbers):
                raise Conflict(f"{said.number} does not follow {len(numbers) - 1}")
            return [NumberAdded(said.counter_id, said.number)]

        return Counted(len(await self._counters.decide(said.counter_id, caller, choose)))

    @on(NumberAdded)
    async def added(self, event: NumberAdded, meta: Meta) -> None:
        """Note it."""
        echo = f"echo-{event.counter_id}"
        await self._counters.decide(echo, meta.because("heard"), lambda _: [NumberHeard(echo, event.number)])


# --- a process --------------------------------------------------------------------------------------------------------


def main(url: str) -> None:
    """Serve until SIGTERM."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    uvloop.run(_serve(url))


async def _serve(url: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    client = await nats.connect(url.split(","), max_reconnect_attempts=-1, reconnect_time_wait=0.2, ping_interval=5)
    async with running(client, CountingActor(client)):
        print("ready", flush=True)  # noqa: T201
        await stop.wait()
    await client.close()


@asynccontextmanager
async def process(url: str) -> AsyncIterator[subprocess.Popen[bytes]]:
    """One more process of the service; ended in the end, however it is then."""
    code = f"from tests import counting; counting.main({url!r})"
    started = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)  # noqa: ASYNC220
    assert started.stdout
    try:
        await asyncio.to_thread(started.stdout.readline)
        yield started
    finally:
        for number in (signal.SIGCONT, signal.SIGTERM):
            started.send_signal(number)
        try:
            await asyncio.to_thread(started.wait, 15)
        finally:
            started.kill()


# --- load and what must be true ---------------------------------------------------------------------------------------


class Load:
    """Clients that send numbers to counters, each number again under the same id until it is answered."""

    def __init__(self, client: Nats, counters: int) -> None:
        self._client = Client(client)
        self.counters = [f"counter{number}" for number in range(counters)]
        self.acknowledged = dict.fromkeys(self.counters, 0)
        self.unavailable = 0
        self.slowest_s = 0.0

    async def send(self, each: int, deadline_s: float = 5.0) -> None:
        """`each` numbers to every counter, one after another; the counters side by side."""
        async with asyncio.TaskGroup() as owner:
            for counter in self.counters:
                owner.create_task(self._send(counter, each, deadline_s))

    async def _send(self, counter: str, each: int, deadline_s: float) -> None:
        loop = asyncio.get_running_loop()
        for number in range(self.acknowledged[counter], self.acknowledged[counter] + each):
            caller = Caller(command_id=f"{counter}.{number}")
            while True:
                began = loop.time()
                try:
                    found = await self._client.ask(AddNumber(counter, number), caller, deadline_s=deadline_s)
                    assert found.count == number + 1
                    break
                except Unavailable:
                    self.unavailable += 1
                    await asyncio.sleep(0.05)
                finally:
                    self.slowest_s = max(self.slowest_s, loop.time() - began)
            self.acknowledged[counter] = number + 1


async def story(client: Nats, entity: str) -> list[int]:
    """The numbers in the story of a counter or an echo."""
    found: list[int] = []
    first = 1
    while page := await direct_get.batch(client, EVENTS.name, events.entity(SERVICE, entity), first):
        found += [msgspec.json.decode(entry.data, type=dict[str, Any])["number"] for entry in page]
        first = page[-1].sequence + 1
    return found


async def last_sequence(client: Nats) -> int:
    """Of EVENTS."""
    return (await client.jetstream().stream_info(EVENTS.name)).state.last_seq
