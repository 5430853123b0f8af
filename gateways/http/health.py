"""Is this process alive, and can it do its work? Which dependency is missing?"""

from collections.abc import Awaitable, Callable, Mapping

import msgspec
from aiohttp import web

Check = Callable[[], Awaitable[str]]
"""Says "ok", or why not; never raises."""


def routes(checks: Mapping[str, Check]) -> list[web.RouteDef]:
    """/health/live and /health/ready."""

    async def live(_: web.Request) -> web.Response:
        return _json(200, {"status": "ok"})

    async def ready(_: web.Request) -> web.Response:
        said = {name: await check() for name, check in checks.items()}
        fine = all(word == "ok" for word in said.values())
        return _json(200 if fine else 503, {"status": "ok" if fine else "unavailable", "checks": said})

    return [web.get("/health/live", live), web.get("/health/ready", ready)]


def _json(status: int, body: object) -> web.Response:
    return web.Response(
        status=status,
        body=msgspec.json.encode(body),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
