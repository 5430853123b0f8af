"""A service to test the runtime with: it greets, refuses, breaks and waits as told."""

import asyncio

from msgspec import Struct

from actors.runtime.actor import Actor
from actors.runtime.handlers import command, every, job, on, query
from schemas.envelope import Caller, Meta
from schemas.errors import BY_CODE, LoomError
from schemas.message import Command, Event, Job, Query


class Said(Struct, frozen=True):
    """By whom, and what."""

    by: str
    words: str


class SayGreeting(Command[Said], frozen=True):
    """The second one of an entity waits for the first."""

    guest_id: str
    words: str = "hello"


class RefuseGreeting(Command[Said], frozen=True):
    """With this code; "internal" is a defect."""

    code: str


class HoldGreeting(Command[Said], frozen=True):
    """Until it is let go."""

    guest_id: str


class AskWho(Query[Said], frozen=True):
    """Who would answer, and on whose behalf."""


class GuestCame(Event, frozen=True):
    """Somebody is there."""

    guest_id: str
    number: int


class WashUp(Job, frozen=True):
    """After somebody has left; `breaks` says how often that fails first."""

    guest_id: str
    breaks: int = 0


class Greeter(Actor, service="greeting"):
    """Greets."""

    def __init__(self, name: str = "one") -> None:
        self.name = name
        self.said: list[str] = []
        self.came: list[tuple[str, int]] = []
        self.together: dict[str, int] = {}
        self.most_together = 0
        self.holding = asyncio.Event()
        self.let_go = asyncio.Event()
        self.failures: list[Exception] = []
        self.poison = ("", 0)
        self.washed: list[str] = []
        self.breaks: dict[str, int] = {}
        self.held_jobs = asyncio.Event()
        self.ticks = 0

    @command
    async def say(self, said: SayGreeting, caller: Caller) -> Said:  # noqa: ARG002
        """Slowly enough for others to come in between, if they could."""
        self._enter(said.guest_id)
        await asyncio.sleep(0)
        self.said.append(said.words)
        self.together[said.guest_id] -= 1
        return Said(self.name, said.words)

    @command
    async def refuse(self, said: RefuseGreeting, caller: Caller) -> Said:  # noqa: ARG002
        """As told."""
        refusal: type[Exception] = BY_CODE.get(said.code, ZeroDivisionError)
        raise refusal("Not today,\nnot here." if issubclass(refusal, LoomError) else "a secret detail")

    @command
    async def hold(self, said: HoldGreeting, caller: Caller) -> Said:  # noqa: ARG002
        """Until let go."""
        self.holding.set()
        await self.let_go.wait()
        return Said(self.name, "held")

    @query
    async def who(self, said: AskWho, caller: Caller) -> Said:  # noqa: ARG002
        """Which instance, and for whom."""
        return Said(self.name, f"{caller.user_id}/{caller.workspace_id}/{caller.correlation_id}")

    @on(GuestCame)
    async def guest_came(self, event: GuestCame, meta: Meta) -> None:  # noqa: ARG002
        """Fails as often as told, then takes it."""
        if self.failures:
            raise self.failures.pop()
        if (event.guest_id, event.number) == self.poison:
            raise ZeroDivisionError("poison")
        self._enter(event.guest_id)
        await asyncio.sleep(0)
        self.came.append((event.guest_id, event.number))
        self.together[event.guest_id] -= 1

    @job(WashUp, at_once=2)
    async def wash_up(self, work: WashUp, meta: Meta) -> None:  # noqa: ARG002
        """Breaks as often as told; "the pan" takes long."""
        broken = self.breaks[work.guest_id] = self.breaks.get(work.guest_id, 0) + 1
        if broken <= work.breaks:
            raise ZeroDivisionError("a plate")
        if work.guest_id == "the-pan":
            await self.held_jobs.wait()
        self.washed.append(work.guest_id)

    @every(seconds=0.02)
    async def tick(self) -> None:
        """Fails at first."""
        self.ticks += 1
        if self.ticks == 1:
            raise ConnectionError("not now")

    def _enter(self, guest_id: str) -> None:
        self.together[guest_id] = self.together.get(guest_id, 0) + 1
        self.most_together = max(self.most_together, self.together[guest_id])
