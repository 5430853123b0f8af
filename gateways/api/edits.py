"""/api/v1/recordings/{id}/edits: which versions there are, a further one, undo and redo."""

from typing import Annotated, Final

from aiohttp import web
from msgspec import Meta, Struct

from actors.runtime.client import Client
from gateways.api.asked import SESSION_ID, Id, caller, recording_id
from gateways.api.recordings import BASE, ONE
from gateways.http.route import Route
from schemas.ids import RecordingId, new_id
from schemas.processing import (
    ComposedRecordings,
    EditRecording,
    EditsView,
    GetEdits,
    KeptRange,
    RedoEdit,
    SplitRecording,
    StitchRecordings,
    UndoEdit,
)
from schemas.recording import Title

MAKING_S: Final = 55.0
"""An hour with many cuts takes longer than a question."""


class Edit(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /api/v1/recordings/{id}/edits."""

    keep: list[KeptRange]


class Split(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /api/v1/recordings/{id}/split."""

    at_seconds: Annotated[float, Meta(ge=0, description="On the clock of what viewers see.")]


class Stitch(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /api/v1/recordings/stitch."""

    recording_ids: Annotated[list[Id], Meta(min_length=2, max_length=50, description="In this order.")]
    title: Title = ""


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

    async def split(self, request: web.Request, said: Split) -> ComposedRecordings:
        """Make two recordings of one.

        Its media is copied as it is; the recording itself stays.
        """
        first, second = RecordingId(new_id()), RecordingId(new_id())
        said_to = SplitRecording(recording_id(request), said.at_seconds, first, second)
        return await self._client.ask(said_to, caller(request), deadline_s=MAKING_S)

    async def stitch(self, request: web.Request, said: Stitch) -> ComposedRecordings:
        """Make one recording of several.

        Their media is copied as it is, edits included; the recordings themselves stay.
        """
        parts = [RecordingId(one) for one in said.recording_ids]
        said_to = StitchRecordings(RecordingId(new_id()), parts, said.title)
        return await self._client.ask(said_to, caller(request), deadline_s=MAKING_S)


_ONE: Final = (SESSION_ID,)
_MISSING: Final = (404, 409, 410)
ROUTES: Final = (
    Route("getEdits", "GET", f"{ONE}/edits", Edits.get, "editing", parameters=_ONE, refuses=(404,)),
    Route("editRecording", "POST", f"{ONE}/edits", Edits.edit, "editing", 201, parameters=_ONE, refuses=_MISSING),
    Route("undoEdit", "POST", f"{ONE}/edits/undo", Edits.undo, "editing", parameters=_ONE, refuses=_MISSING),
    Route("splitRecording", "POST", f"{ONE}/split", Edits.split, "editing", 201, parameters=_ONE, refuses=_MISSING),
    Route("stitchRecordings", "POST", f"{BASE}/stitch", Edits.stitch, "editing", 201, refuses=_MISSING),
    Route("redoEdit", "POST", f"{ONE}/edits/redo", Edits.redo, "editing", parameters=_ONE, refuses=_MISSING),
)
