from collections.abc import Callable
from typing import Any

import pytest

from actors.runtime.actor import Actor
from actors.runtime.handlers import command, on, query
from schemas.envelope import Caller, Meta
from tests.actors.runtime.greeting import AskWho, Greeter, GuestCame, HoldGreeting, RefuseGreeting, Said, SayGreeting


def test_the_table_says_which_method_takes_what() -> None:
    assert Greeter.routes.requests == {
        SayGreeting: "say",
        RefuseGreeting: "refuse",
        HoldGreeting: "hold",
        AskWho: "who",
    }
    assert Greeter.routes.events == {GuestCame: "guest_came"}
    assert Greeter.routes.timers == {"tick": 0.02}


def _twice() -> None:
    class Twice(Actor, service="greeting"):
        @command
        async def first(self, said: SayGreeting, caller: Caller) -> Said:
            raise NotImplementedError

        @command
        async def second(self, said: SayGreeting, caller: Caller) -> Said:
            raise NotImplementedError


def _event_twice() -> None:
    class EventTwice(Actor, service="greeting"):
        @on(GuestCame)
        async def first(self, event: GuestCame, meta: Meta) -> None:
            raise NotImplementedError

        @on(GuestCame)
        async def second(self, event: GuestCame, meta: Meta) -> None:
            raise NotImplementedError


def _no_type() -> None:
    class NoType(Actor, service="greeting"):
        @command
        async def say(self) -> Said:
            raise NotImplementedError


def _query_as_command() -> None:
    class QueryAsCommand(Actor, service="greeting"):
        @command
        async def who(self, said: AskWho, caller: Caller) -> Said:
            raise NotImplementedError


def _command_as_query() -> None:
    class CommandAsQuery(Actor, service="greeting"):
        @query
        async def say(self, said: SayGreeting, caller: Caller) -> Said:
            raise NotImplementedError


def _other_answer() -> None:
    class OtherAnswer(Actor, service="greeting"):
        @command
        async def say(self, said: SayGreeting, caller: Caller) -> str:
            raise NotImplementedError


@pytest.mark.parametrize(
    ("declare", "why"),
    [
        (_twice, "SayGreeting is taken by both first and second"),
        (_event_twice, "GuestCame is taken by both first and second"),
        (_no_type, r"NoType\.say: its first argument must be annotated with a Command"),
        (_query_as_command, r"QueryAsCommand\.who: its first argument must be annotated with a Command"),
        (_command_as_query, r"CommandAsQuery\.say: its first argument must be annotated with a Query"),
        (_other_answer, "SayGreeting is answered with .*Said.*, not .*str"),
    ],
)
def test_a_wrong_handler_fails_where_it_is_declared(declare: Callable[[], Any], why: str) -> None:
    with pytest.raises(TypeError, match=why):
        declare()
