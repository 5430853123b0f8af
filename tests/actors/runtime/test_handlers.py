from collections.abc import Callable
from typing import Any

import pytest

from actors.runtime.actor import Actor
from actors.runtime.handlers import command, job, on, query
from schemas.envelope import Caller, Meta
from schemas.message import Command, Event
from tests.actors.runtime.greeting import (
    AskWho,
    Greeter,
    GuestCame,
    HoldGreeting,
    RefuseGreeting,
    Said,
    SayGreeting,
    WashUp,
)


def test_the_table_says_which_method_takes_what() -> None:
    routes = Greeter.routes
    assert {said: route.name for said, route in routes.requests.items()} == {
        SayGreeting: "say",
        RefuseGreeting: "refuse",
        HoldGreeting: "hold",
        AskWho: "who",
    }
    assert {said: route.entity for said, route in routes.requests.items() if route.entity} == {
        SayGreeting: "guest_id",
        HoldGreeting: "guest_id",
    }
    assert {said: route.name for said, route in routes.events.items()} == {GuestCame: "guest_came"}
    assert {said: route.name for said, route in routes.jobs.items()} == {WashUp: "wash_up"}
    assert routes.timers == {"tick": 0.02}


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


def _of_another_service() -> None:
    class OfAnotherService(Actor, service="farewell"):
        @command
        async def say(self, said: SayGreeting, caller: Caller) -> Said:
            raise NotImplementedError


def _event_nobody_declares() -> None:
    class NobodyDeclares(Actor, service="greeting"):
        @on(str)  # type: ignore[arg-type]
        async def came(self, event: str, meta: Meta) -> None:
            raise NotImplementedError


def _any_event() -> None:
    class AnyEvent(Actor, service="greeting"):
        @on(Event)
        async def came(self, event: Event, meta: Meta) -> None:
            raise NotImplementedError


def _no_caller() -> None:
    class NoCaller(Actor, service="greeting"):
        @command
        async def say(self, said: SayGreeting, caller: Meta) -> Said:
            raise NotImplementedError


def _answered_job() -> None:
    class AnsweredJob(Actor, service="greeting"):
        @job(WashUp)
        async def wash_up(self, work: WashUp, meta: Meta) -> Said:
            raise NotImplementedError


class Unanswered(Command, frozen=True):  # type: ignore[type-arg]
    """Nobody knows with what."""


Unanswered.__module__ = SayGreeting.__module__


def _no_answer_type() -> None:
    class NoAnswerType(Actor, service="greeting"):
        @command
        async def say(self, said: Unanswered, caller: Caller) -> Said:
            raise NotImplementedError


@pytest.mark.parametrize(
    ("declare", "why"),
    [
        (_twice, r"Twice\.second: SayGreeting is taken by first already"),
        (_event_twice, r"EventTwice\.second: GuestCame is taken by first already"),
        (_of_another_service, "SayGreeting is for the service greeting, not for farewell"),
        (_event_nobody_declares, r"NobodyDeclares\.came: str is no message"),
        (_any_event, r"AnyEvent\.came: Event is no message"),
        (_no_caller, "its second argument must be annotated with Caller"),
        (_answered_job, "WashUp is answered with .*None.*, not .*Said"),
        (_no_answer_type, "Unanswered does not say what it is answered with"),
        (_no_type, r"NoType\.say: its first argument must be annotated with a Command"),
        (_query_as_command, r"QueryAsCommand\.who: its first argument must be annotated with a Command"),
        (_command_as_query, r"CommandAsQuery\.say: its first argument must be annotated with a Query"),
        (_other_answer, "SayGreeting is answered with .*Said.*, not .*str"),
    ],
)
def test_a_wrong_handler_fails_where_it_is_declared(declare: Callable[[], Any], why: str) -> None:
    with pytest.raises(TypeError, match=why):
        declare()
