"""Is this process alive, and can it do its work? What is away, and what is different without it?"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Final, Literal

from aiohttp import web
from msgspec import Meta, Struct

from actors.outside.shared_redis import SharedRedis
from gateways.http.body import json
from gateways.http.operation import JSON, Answer
from gateways.http.route import Route, bound

OK: Final = "ok"
WITHOUT_REDIS: Final = (
    "Limits are counted by each process for itself, nobody sees how many are watching, and every link is looked up. "
    "Recording and watching go on."
)


class Away(Struct, frozen=True):
    """Something that can be done without for a while."""

    name: str
    why: Annotated[str, Meta(description="What it said last.")]
    means: Annotated[str, Meta(description="What is different without it, for people.")]


class Report(Struct, frozen=True):
    """What is said of a dependency: "ok", or why not; `away` says what the work goes on without."""

    says: str = OK
    away: tuple[Away, ...] = ()


Check = Callable[[], Awaitable[Report]]
"""Asks a dependency, for two seconds at most; never raises."""


class Alive(Struct, frozen=True):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(Struct, frozen=True):
    """What each dependency says of itself, and what the work goes on without."""

    status: Literal["ok", "degraded", "unavailable"]
    checks: Annotated[dict[str, str], Meta(description="Each dependency: `ok`, or why not.")]
    away: Annotated[list[Away], Meta(description="Without these the work goes on: `degraded`.")] = []

    @property
    def http_status(self) -> int:
        """Who is degraded is still sent requests."""
        return 503 if self.status == "unavailable" else 200


def readiness(reports: Mapping[str, Report]) -> Readiness:
    """One without which nothing goes on decides; several may miss the same one."""
    away = {one.name: one for report in reports.values() for one in report.away}
    is_broken = any(report.says != OK and not report.away for report in reports.values())
    status: Literal["ok", "degraded", "unavailable"] = "unavailable" if is_broken else "degraded" if away else "ok"
    return Readiness(status, {name: report.says for name, report in reports.items()}, list(away.values()))


def dispensable(name: str, says: Callable[[], Awaitable[str]], means: str) -> Check:
    """A dependency whose absence only means something."""

    async def check() -> Report:
        word = await says()
        return Report() if word == OK else Report(word, (Away(name, word, means),))

    return check


def shared(redis: SharedRedis) -> Check:
    """The Redis that all processes share."""
    return dispensable("redis", redis.check, WITHOUT_REDIS)


class Health:
    """The resource."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks

    async def live(self, _: web.Request) -> Alive:
        """Is the process alive?"""
        return Alive()

    async def ready(self, _: web.Request) -> web.Response:
        """Can it do its work, and if not, what is missing?

        `degraded` is a yes: recording and watching go on, and `away` says what does not.
        """
        reports = await asyncio.gather(*(check() for check in self._checks.values()))
        said = readiness(dict(zip(self._checks, reports, strict=True)))
        return json(said, said.http_status)


ROUTES: Final = (
    Route("isAlive", "GET", "/health/live", Health.live, "health"),
    Route(
        "isReady",
        "GET",
        "/health/ready",
        Health.ready,
        "health",
        answers=(
            Answer(200, "Everything is there, or what is away can be done without.", {JSON: Readiness}),
            Answer(503, "Something is missing.", {JSON: Readiness}),
        ),
    ),
)


def routes(checks: Mapping[str, Check]) -> list[web.RouteDef]:
    """/health/live and /health/ready, for any door."""
    return bound(ROUTES, Health(checks))
