"""The smallest service there can be, for measuring what surrounds it."""

import asyncio

from msgspec import Struct

from actors.runtime.actor import Actor
from actors.runtime.handlers import command, on
from schemas.envelope import Caller, Meta
from schemas.message import Command, Event


class Greeting(Struct, frozen=True):
    """An answer."""

    words: str


class SayGreeting(Command[Greeting], frozen=True):
    """A wish."""

    guest_id: str
    words: str = "hello"


class GuestGreeted(Event, frozen=True):
    """What has happened."""

    guest_id: str
    number: int


class GreetingActor(Actor, service="greeting"):
    """Answers, and counts what it hears."""

    def __init__(self, expected: int = 0) -> None:
        self._left = expected
        self.heard_all = asyncio.Event()

    @command
    async def say(self, said: SayGreeting, caller: Caller) -> Greeting:  # noqa: ARG002
        """Back."""
        return Greeting(said.words)

    @on(GuestGreeted)
    async def greeted(self, event: GuestGreeted, meta: Meta) -> None:  # noqa: ARG002
        """One more."""
        self._left -= 1
        if self._left == 0:
            self.heard_all.set()
