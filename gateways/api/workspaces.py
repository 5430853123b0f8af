"""/api/v1/workspaces/current: what holds for all recordings of the caller's workspace."""

from typing import Annotated, Final

from aiohttp import web
from msgspec import Meta, Struct

from actors.runtime.client import Client
from gateways.api.asked import caller
from gateways.http.route import Route
from schemas.streaming import Days, GetRetention, RetentionView, SetRetention

RETENTION: Final = "/api/v1/workspaces/current/retention"


class Retention(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of PUT /api/v1/workspaces/current/retention."""

    keep_days: Annotated[
        Days | None, Meta(description="A recording is deleted so many days after it ended; null: it is kept for ever.")
    ]


class Workspaces:
    """The resource."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def retention(self, request: web.Request) -> RetentionView:
        """How long are recordings kept?"""
        who = caller(request)
        return await self._client.ask(GetRetention(who.workspace_id), who)

    async def set_retention(self, request: web.Request, said: Retention) -> RetentionView:
        """Keep recordings for so many days.

        It holds for those that are there as well: what is older is deleted within minutes. What is being recorded
        never is.
        """
        who = caller(request)
        return await self._client.ask(SetRetention(who.workspace_id, said.keep_days), who)


ROUTES: Final = (
    Route("getRetention", "GET", RETENTION, Workspaces.retention, "workspaces"),
    Route("setRetention", "PUT", RETENTION, Workspaces.set_retention, "workspaces"),
)
