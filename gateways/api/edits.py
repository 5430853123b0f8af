"""/api/v1/recordings/{id}/edits: which versions there are, a further one, undo and redo."""

from typing import Final

from aiohttp import web
from msgspec import Struct

from actors.runtime.client import Client
from gateways.api.asked import SESSION_ID, caller, recording_id
from gateways.api.recordings import ONE
from gateways.http.route import Route
from schemas.processing import EditRecording, EditsView, GetEdits, KeptRange, RedoEdit, UndoEdit

MAKING_S: Final = 55.0
"""An hour with many cuts takes longer than a question."""


class Edit(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /api/v1/recordings/{id}/edits."""

    keep: list[KeptRange]


class Edits:
    """The resource."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def get(self, request: web.Request) -> EditsView:
        """List the versions of a recording."""
        return await self._client.ask(GetEdits(recording_id(request)), caller(request))

    async def edit(self, request: web.Request, said: Edit) -> EditsView:
        """Keep some ranges of a recording, and show nothing else.

        They are counted on the clock of the recording as it was made, whatever was edited before. Every version stays;
        the recording itself is never changed. Cuts are exact to the frame: where one does not fall on a key frame, the
        frames up to the end of that segment are coded anew.
        """
        said_to = EditRecording(recording_id(request), said.keep)
        return await self._client.ask(said_to, caller(request), deadline_s=MAKING_S)

    async def undo(self, request: web.Request) -> EditsView:
        """Show the version that the shown one was based on."""
        return await self._client.ask(UndoEdit(recording_id(request)), caller(request))

    async def redo(self, request: web.Request) -> EditsView:
        """Show the newest version that is based on the shown one."""
        return await self._client.ask(RedoEdit(recording_id(request)), caller(request))


_ONE: Final = (SESSION_ID,)
_MISSING: Final = (404, 409, 410)
ROUTES: Final = (
    Route("getEdits", "GET", f"{ONE}/edits", Edits.get, "editing", parameters=_ONE, refuses=(404,)),
    Route("editRecording", "POST", f"{ONE}/edits", Edits.edit, "editing", 201, parameters=_ONE, refuses=_MISSING),
    Route("undoEdit", "POST", f"{ONE}/edits/undo", Edits.undo, "editing", parameters=_ONE, refuses=_MISSING),
    Route("redoEdit", "POST", f"{ONE}/edits/redo", Edits.redo, "editing", parameters=_ONE, refuses=_MISSING),
)
