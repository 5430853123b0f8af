"""/api/v1/recordings: start, list, read, change, control, delete; and templates."""

from typing import Annotated, Final, Literal

import msgspec
from aiohttp import web
from msgspec import Meta, Struct, structs

from actors.runtime.client import Client
from gateways.api.asked import SESSION_ID, caller, new_recording_id, recording_id
from gateways.api.links import LinkedRecording, Links
from gateways.http import token
from gateways.http.route import Route
from schemas.ids import TemplateId, new_id
from schemas.recording import (
    DeleteRecording,
    Description,
    GetRecording,
    ListRecordings,
    ListTemplates,
    PauseRecording,
    RecordingType,
    ResumeRecording,
    SaveTemplate,
    Settings,
    StartRecording,
    StopRecording,
    TemplateList,
    TemplateView,
    Title,
    UpdateRecording,
)

BASE: Final = "/api/v1/recordings"
ONE: Final = f"{BASE}/{{sessionId}}"
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


class Paging(Struct, frozen=True):
    """The query of GET /api/v1/recordings."""

    limit: Annotated[int, Meta(ge=1, le=100, description="How many at most.")] = 25
    cursor: Annotated[str, Meta(description="The `next_cursor` of the page before; none for the first.")] = ""


class StartedRecording(LinkedRecording, frozen=True, kw_only=True):
    """A recording with all that is needed to send to it and to watch it."""

    whip_url: Annotated[str, Meta(description="Where a source POSTs its offer (RFC 9725).")]
    whip_token: Annotated[str, Meta(description="The Bearer token for that; it is not told again.")]


class LinkedPage(Struct, frozen=True):
    """One page of a list, newest first."""

    recordings: list[LinkedRecording]
    next_cursor: Annotated[str, Meta(description="The `cursor` of the next page; empty at the end.")]


class Recordings:
    """The resource. Refusals fly as LoomError; the middleware makes problems of them."""

    def __init__(self, client: Client, secret: bytes, links: Links) -> None:
        self._client = client
        self._secret = secret
        self._links = links

    async def start(self, request: web.Request, said: Start) -> StartedRecording:
        """Start a recording.

        It is watchable from now on, and waits for a source: POST an offer to its `whip_url` with its `whip_token`.
        """
        command = StartRecording(
            new_recording_id(request), said.title, said.description, said.recording_type, said.settings
        )
        view = self._links.of(request, await self._client.ask(command, caller(request)))
        return StartedRecording(
            **structs.asdict(view),
            whip_url=f"{self._links.origin(request)}/whip/{view.id}",
            whip_token=token.make(self._secret, view.id),
        )

    async def list(self, request: web.Request, asked: Paging) -> LinkedPage:
        """List the recordings, newest first.

        A recording stands in the list a moment after it was started.
        """
        page = await self._client.ask(ListRecordings(asked.limit, asked.cursor), caller(request))
        return LinkedPage([self._links.of(request, view) for view in page.recordings], page.next_cursor)

    async def get(self, request: web.Request) -> LinkedRecording:
        """Read one recording."""
        return self._links.of(request, await self._client.ask(GetRecording(recording_id(request)), caller(request)))

    async def update(self, request: web.Request, said: Change) -> LinkedRecording:
        """Change title or description.

        What is not said, or null, stays as it is.
        """
        command = UpdateRecording(recording_id(request), said.title, said.description)
        return self._links.of(request, await self._client.ask(command, caller(request)))

    async def delete(self, request: web.Request) -> None:
        """Delete a recording for good.

        Its link is dead at once; who watches hears of it.
        """
        await self._client.ask(DeleteRecording(recording_id(request)), caller(request))

    async def control(self, request: web.Request, said: Control) -> LinkedRecording:
        """Pause, resume or stop a recording.

        The same wish twice is no error. What is sent during a pause is not recorded.
        """
        command = _CONTROL[said.action](recording_id(request))
        return self._links.of(request, await self._client.ask(command, caller(request)))

    async def templates(self, request: web.Request) -> TemplateList:
        """List the templates."""
        return await self._client.ask(ListTemplates(), caller(request))

    async def save_template(self, request: web.Request, said: NewTemplate) -> TemplateView:
        """Keep a named set of settings.

        A default one replaces the default before it.
        """
        command = SaveTemplate(TemplateId(new_id()), said.name, said.description, said.settings, said.is_default)
        return await self._client.ask(command, caller(request))


_ONE: Final = (SESSION_ID,)
ROUTES: Final = (
    Route(
        "startRecording",
        "POST",
        BASE,
        Recordings.start,
        "recordings",
        status=201,
        location=f"{BASE}/{{id}}",
        refuses=(507,),
    ),
    Route("listRecordings", "GET", BASE, Recordings.list, "recordings"),
    Route("listTemplates", "GET", f"{BASE}/templates", Recordings.templates, "templates"),
    Route("saveTemplate", "POST", f"{BASE}/templates", Recordings.save_template, "templates", status=201),
    Route("getRecording", "GET", ONE, Recordings.get, "recordings", parameters=_ONE, refuses=(404, 410)),
    Route("updateRecording", "PUT", ONE, Recordings.update, "recordings", parameters=_ONE, refuses=(404, 410)),
    Route("deleteRecording", "DELETE", ONE, Recordings.delete, "recordings", parameters=_ONE, refuses=(404, 410)),
    Route(
        "controlRecording",
        "POST",
        f"{ONE}/control",
        Recordings.control,
        "recordings",
        parameters=_ONE,
        refuses=(404, 409, 410),
    ),
)
