"""/api/v1/recordings: start, list, read, change, control, delete; and templates."""

from typing import Annotated, Any, Final, Literal

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from actors.runtime.client import Client
from gateways.api.body import caller, json, read, recording_id
from gateways.api.origin import origin
from gateways.http import token
from schemas.errors import Invalid
from schemas.ids import RecordingId, TemplateId, new_id
from schemas.recording import (
    DeleteRecording,
    Description,
    GetRecording,
    ListRecordings,
    ListTemplates,
    PauseRecording,
    RecordingType,
    RecordingView,
    ResumeRecording,
    SaveTemplate,
    Settings,
    StartRecording,
    StopRecording,
    Title,
    UpdateRecording,
)

_CONTROL: Final = {"pause": PauseRecording, "resume": ResumeRecording, "stop": StopRecording}


class Start(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /api/v1/recordings."""

    title: Title = ""
    description: Description = ""
    recording_type: RecordingType = "screen"
    settings: Settings = msgspec.field(default_factory=dict)


class Change(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of PUT /api/v1/recordings/{id}."""

    title: Title | None = None
    description: Description | None = None


class Control(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /api/v1/recordings/{id}/control."""

    action: Literal["pause", "resume", "stop"]


class NewTemplate(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /api/v1/recordings/templates."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    description: Description = ""
    settings: Settings = msgspec.field(default_factory=dict)
    is_default: bool = False


class Recordings:
    """The resource. Refusals fly as LoomError; the middleware makes problems of them."""

    def __init__(self, client: Client, secret: bytes, public_url: str | None) -> None:
        self._client = client
        self._secret = secret
        self._public_url = public_url

    def routes(self) -> list[web.RouteDef]:
        """What is offered."""
        base = "/api/v1/recordings"
        return [
            web.post(base, self.start),
            web.get(base, self.list),
            web.get(f"{base}/templates", self.templates),
            web.post(f"{base}/templates", self.save_template),
            web.get(base + "/{id}", self.get),
            web.put(base + "/{id}", self.update),
            web.delete(base + "/{id}", self.delete),
            web.post(base + "/{id}/control", self.control),
        ]

    async def start(self, request: web.Request) -> web.Response:
        """201 with everything that is needed to send and to watch."""
        said = await read(request, Start)
        command = StartRecording(
            RecordingId(new_id()), said.title, said.description, said.recording_type, said.settings
        )
        view = await self._client.ask(command, caller(request))
        base = origin(request, self._public_url)
        body = self._with_links(view, base) | {
            "whip_url": f"{base}/whip/{view.id}",
            "whip_token": token.make(self._secret, view.id),
        }
        return json(body, 201, {"Location": f"/api/v1/recordings/{view.id}"})

    async def list(self, request: web.Request) -> web.Response:
        """One page, newest first."""
        limit = request.query.get("limit", "25")
        if not (limit.isdecimal() and 1 <= int(limit) <= 100):  # noqa: PLR2004
            raise Invalid(f"limit must be a number between 1 and 100, not {limit[:40]!r}.")
        page = await self._client.ask(ListRecordings(int(limit), request.query.get("cursor", "")), caller(request))
        base = origin(request, self._public_url)
        recordings = [self._with_links(view, base) for view in page.recordings]
        return json({"recordings": recordings, "next_cursor": page.next_cursor})

    async def get(self, request: web.Request) -> web.Response:
        """One recording."""
        return self._view(request, await self._client.ask(GetRecording(recording_id(request)), caller(request)))

    async def update(self, request: web.Request) -> web.Response:
        """New title or description."""
        said = await read(request, Change)
        command = UpdateRecording(recording_id(request), said.title, said.description)
        return self._view(request, await self._client.ask(command, caller(request)))

    async def delete(self, request: web.Request) -> web.Response:
        """204: the link is dead."""
        await self._client.ask(DeleteRecording(recording_id(request)), caller(request))
        return web.Response(status=204)

    async def control(self, request: web.Request) -> web.Response:
        """Pause, resume or stop."""
        said = await read(request, Control)
        command = _CONTROL[said.action](recording_id(request))
        return self._view(request, await self._client.ask(command, caller(request)))

    async def templates(self, request: web.Request) -> web.Response:
        """The caller's templates."""
        return json(await self._client.ask(ListTemplates(), caller(request)))

    async def save_template(self, request: web.Request) -> web.Response:
        """201 with the template."""
        said = await read(request, NewTemplate)
        command = SaveTemplate(TemplateId(new_id()), said.name, said.description, said.settings, said.is_default)
        return json(await self._client.ask(command, caller(request)), 201)

    def _view(self, request: web.Request, view: RecordingView) -> web.Response:
        return json(self._with_links(view, origin(request, self._public_url)))

    def _with_links(self, view: RecordingView, base: str) -> dict[str, Any]:
        links = {
            "watch_url": f"{base}/watch/{view.id}",
            "hls_url": f"{base}/hls/{view.id}/master.m3u8",
            "poster_url": f"{base}/hls/{view.id}/poster.jpg",
        }
        return msgspec.structs.asdict(view) | links
