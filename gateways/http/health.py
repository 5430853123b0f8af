"""Is this process alive, and can it do its work? Which dependency is missing?"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Literal

from aiohttp import web
from msgspec import Struct

from gateways.http.body import json
from gateways.http.operation import JSON, Answer
from gateways.http.route import Route, bound

Check = Callable[[], Awaitable[str]]
"""Says "ok", or why not; never raises."""


class Alive(Struct, frozen=True):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(Struct, frozen=True):
    """What each dependency says of itself: "ok", or why not."""

    status: Literal["ok", "unavailable"]
    checks: dict[str, str]


class Health:
    """The resource."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks

    async def live(self, _: web.Request) -> Alive:
        """Is the process alive?"""
        return Alive()

    async def ready(self, _: web.Request) -> web.Response:
        """Can it do its work, and if not, what is missing?"""
        said = {name: await check() for name, check in self._checks.items()}
        if all(word == "ok" for word in said.values()):
            return json(Readiness("ok", said))
        return json(Readiness("unavailable", said), 503)


ROUTES: Final = (
    Route("isAlive", "GET", "/health/live", Health.live, "health"),
    Route(
        "isReady",
        "GET",
        "/health/ready",
        Health.ready,
        "health",
        answers=(
            Answer(200, "Everything is there.", {JSON: Readiness}),
            Answer(503, "Something is missing.", {JSON: Readiness}),
        ),
    ),
)


def routes(checks: Mapping[str, Check]) -> list[web.RouteDef]:
    """/health/live and /health/ready, for any door."""
    return bound(ROUTES, Health(checks))
