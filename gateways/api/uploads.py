"""/api/v1/uploads: a file becomes a recording, however often the way there breaks (tus 1.0.0).

An upload has the id of the recording that it becomes. What has been answered for is in storage; what a broken
connection has brought is kept as well, up to its last byte. Only one request at a time writes to an upload: a newer one
takes the place of one that is still there, most likely because nobody has noticed yet that its client has gone.
"""

import asyncio
import errno
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Annotated, Final

import structlog
from aiohttp import web
from msgspec import Meta, Struct

from actors.outside.uploads import AWAY, PIECE_BYTES, Kept, Piece, Uploads
from actors.runtime.client import Client
from gateways.api import tus
from gateways.api.asked import caller, new_recording_id
from gateways.api.origin import origin
from gateways.api.turns import Turns
from gateways.http.body import json
from gateways.http.operation import JSON, OCTETS, Answer, Parameter
from gateways.http.problem import problem
from gateways.http.route import Route
from schemas.errors import Conflict, Full, NotFound, Unavailable
from schemas.ids import LENGTH, is_id
from schemas.recording import StartRecording
from schemas.upload import Upload

BASE: Final = "/api/v1/uploads"
ONE: Final = f"{BASE}/{{uploadId}}"
TIMES: Final = 4
"""A file that is imported is on disk so often for a while: as sent, whole, in the log, and as a recording."""
SWEEP_S: Final = 600.0
LONGEST_TITLE: Final = 200
LONGEST_NAME: Final = 255
PRECONDITION_FAILED: Final = 412
NO_ROOM: Final = (
    "There is not enough room on the server's disk for this file; delete recordings, or send a smaller one."
)
log = structlog.get_logger(__name__)

Id = Annotated[str, Meta(pattern=f"^[0-9A-Za-z]{{{LENGTH}}}$", description="The upload's `id`, later the recording's.")]
UPLOAD_ID: Final = Parameter("uploadId", "path", Id)
_Count = Annotated[int, Meta(ge=0)]
_RESUMABLE: Final = Parameter("Tus-Resumable", "header", Annotated[str, Meta(description="`1.0.0`")], required=True)
_LENGTH: Final = Parameter(
    "Upload-Length", "header", Annotated[_Count, Meta(description="How many bytes the file has.")], required=True
)
_OFFSET: Final = Parameter(
    "Upload-Offset", "header", Annotated[_Count, Meta(description="Where in the file the body belongs.")], required=True
)
_METADATA: Final = Parameter(
    "Upload-Metadata", "header", Annotated[str, Meta(description="`filename` and `filetype`, their values in Base64.")]
)
_CHECKSUM: Final = Parameter(
    "Upload-Checksum", "header", Annotated[str, Meta(description="An algorithm, and the digest of the body in Base64.")]
)


class UploadView(Struct, frozen=True):
    """A file on its way."""

    id: Annotated[str, Meta(description="Also of the recording that it becomes.")]
    name: Annotated[str, Meta(description="Of the file, as its sender says.")]
    length: Annotated[int, Meta(description="Bytes.")]
    offset: Annotated[int, Meta(description="So many bytes are kept.")]
    expires_at: Annotated[datetime, Meta(tz=True, description="When it is removed if nothing more comes.")]
    watch_url: Annotated[str, Meta(description="Where it can be watched once it is whole.")]


class UploadDoor:
    """The resource."""

    def __init__(
        self, client: Client, uploads: Uploads, most_bytes: int, public_url: str | None, reserve_bytes: int = 0
    ) -> None:
        self._client = client
        self._reserve_bytes = reserve_bytes
        self._uploads = uploads
        self._most_bytes = most_bytes
        self._public_url = public_url
        self._turns = Turns()

    async def run(self) -> None:
        """Remove what has expired, now and again."""
        while True:
            try:
                for upload_id in await self._uploads.sweep():
                    log.info("upload expired", upload=upload_id)
            except AWAY as error:
                log.warning("uploads are not swept for now", why=repr(error))
            await asyncio.sleep(SWEEP_S)

    async def options(self, _: web.Request) -> web.Response:
        """Ask what of tus is offered."""
        offered = {
            "Tus-Version": tus.VERSION,
            "Tus-Extension": tus.EXTENSIONS,
            "Tus-Max-Size": str(self._most_bytes),
            "Tus-Checksum-Algorithm": ",".join(tus.ALGORITHMS),
        }
        return web.Response(status=204, headers=offered)

    async def create(self, request: web.Request) -> web.Response:
        """Begin to send a file: MP4, MOV, WebM or MKV.

        `Upload-Length` says how long it is, `Upload-Metadata` its `filename` and `filetype`. The body may bring its
        first bytes. Once all of it is there it becomes a recording with the same id.
        """
        _agree(request)
        length = tus.number(request.headers, "Upload-Length")
        told = tus.metadata(request.headers.get("Upload-Metadata", ""))
        if length > self._most_bytes:
            return problem(413, f"A file may have {self._most_bytes} bytes, not {length}.")
        room = self._uploads.room()
        if room is not None and length * TIMES > room - self._reserve_bytes:
            raise Full(NO_ROOM)
        about = Upload(
            new_recording_id(request),
            length,
            _plain(told.get("filename") or told.get("name") or ""),
            _plain(told.get("filetype") or told.get("type") or ""),
            datetime.now(UTC),
        )
        with _store():
            kept = await self._uploads.create(about)
        location = f"{origin(request, self._public_url)}{BASE}/{about.id}"
        if request.content_type == tus.OCTETS or not length:
            async with self._turns.mine(about.id):
                response = await self._take(request, kept)
            if response.status != 204:  # noqa: PLR2004  the upload is there; the client learns of it
                return response
            return web.Response(status=201, headers=dict(response.headers) | {"Location": location})
        return web.Response(status=201, headers=_headers(kept) | {"Location": location})

    async def get(self, request: web.Request) -> web.Response:
        """Ask how far a file has come.

        `Upload-Offset` is where to go on; HEAD is enough to read it.
        """
        async with self._found(request) as kept:
            if kept.is_whole:
                await self._finish(request, kept)
        about = kept.about
        view = UploadView(
            *(about.id, about.name, about.length, kept.offset, kept.expires_at),
            watch_url=f"{origin(request, self._public_url)}/watch/{about.id}",
        )
        return json(view, headers=_headers(kept) | {"Upload-Length": str(about.length)})

    async def patch(self, request: web.Request) -> web.Response:
        """Send what follows at `Upload-Offset`.

        As much in one request as the client likes. What has come before a connection breaks is kept.
        """
        _agree(request)
        if request.content_type != tus.OCTETS:
            raise web.HTTPUnsupportedMediaType(reason=f"The body must be {tus.OCTETS}.")
        offset = tus.number(request.headers, "Upload-Offset")
        async with self._found(request) as kept:
            if offset != kept.offset:
                raise Conflict(f"There are {kept.offset} bytes of this file; go on there, not at {offset}.")
            return await self._take(request, kept)

    async def delete(self, request: web.Request) -> None:
        """Give up a file that is on its way."""
        _agree(request)
        async with self._found(request) as kept:
            with _store():
                await self._uploads.remove(kept.about.id)

    # --- inside -------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _found(self, request: web.Request) -> AsyncIterator[Kept]:
        """The upload in the path; nobody else writes to it meanwhile. Raises NotFound."""
        upload_id = request.match_info[UPLOAD_ID.name]
        if not is_id(upload_id):
            raise NotFound("There is no such upload.")
        async with self._turns.mine(upload_id):
            with _store():
                kept = await self._uploads.find(upload_id)
            yield kept

    async def _take(self, request: web.Request, kept: Kept) -> web.Response:
        """Keep what comes; when that was all, the recording begins."""
        about = kept.about
        try:
            offset = await self._receive(request, about, kept.offset)
        except _Mismatch:
            return problem(tus.CHECKSUM_MISMATCH, "The bytes do not come to Upload-Checksum; send them again.")
        ended = Kept(about, (Piece("", 0, offset),), datetime.now(UTC))
        if ended.is_whole:
            await self._finish(request, ended)
        return web.Response(status=204, headers=_headers(ended))

    async def _receive(self, request: web.Request, about: Upload, offset: int) -> int:
        """Where it ends. Raises HTTPRequestEntityTooLarge behind the end of the file."""
        left = about.length - offset
        if (request.content_length or 0) > left:
            raise web.HTTPRequestEntityTooLarge(left, request.content_length or 0)
        promised = request.headers.get("Upload-Checksum")
        if promised:
            return offset + await self._receive_checked(request, about, offset, tus.checksum(promised))
        buffer = bytearray()
        try:
            async for data in request.content.iter_any():
                buffer += data
                if len(buffer) > left:
                    raise web.HTTPRequestEntityTooLarge(left, len(buffer))
                if len(buffer) >= PIECE_BYTES:
                    piece, buffer = bytes(buffer), bytearray()
                    await self._keep(about.id, offset, piece)
                    offset, left = offset + len(piece), left - len(piece)
        finally:  # also when the client has gone, or another request of it has come
            if buffer and len(buffer) <= left:
                await self._keep(about.id, offset, bytes(buffer))
                offset += len(buffer)
        return offset

    async def _receive_checked(self, request: web.Request, about: Upload, offset: int, promised: tus.Checksum) -> int:
        """All or nothing."""
        data = bytearray()
        async for piece in request.content.iter_any():
            data += piece
            if len(data) > min(PIECE_BYTES, about.length - offset):
                raise web.HTTPRequestEntityTooLarge(PIECE_BYTES, len(data))
        if not promised.matches(data):
            raise _Mismatch
        if data:
            await self._keep(about.id, offset, bytes(data))
        return len(data)

    async def _keep(self, upload_id: str, offset: int, data: bytes) -> None:
        with _store():
            await self._uploads.add(upload_id, offset, data)

    async def _finish(self, request: web.Request, kept: Kept) -> None:
        """The file is whole: a recording of it is prepared. The same again changes nothing."""
        about = kept.about
        title = PurePath(about.name).stem[:LONGEST_TITLE]
        settings = {"file_name": about.name, "file_size_bytes": about.length}
        with suppress(Conflict):  # it has been started already
            await self._client.ask(StartRecording(about.id, title, "", "import", settings), caller(request))


class _Mismatch(Exception):
    """A checksum was promised that the bytes do not come to."""


async def speak(request: web.Request, response: web.StreamResponse) -> None:
    """Every answer under this address says which tus it speaks."""
    if request.path.startswith(BASE):
        response.headers["Tus-Resumable"] = tus.VERSION
        if response.status == PRECONDITION_FAILED:
            response.headers["Tus-Version"] = tus.VERSION


def _agree(request: web.Request) -> None:
    """Raises HTTPPreconditionFailed for another version of tus."""
    if request.headers.get("Tus-Resumable") != tus.VERSION:
        raise web.HTTPPreconditionFailed(reason=f"Tus-Resumable must be {tus.VERSION}.")


def _headers(kept: Kept) -> dict[str, str]:
    said = {"Upload-Offset": str(kept.offset), "Cache-Control": "no-store"}
    return said | {"Upload-Expires": tus.moment(kept.expires_at)}


def _plain(text: str) -> str:
    """A name as it may stand on a page and in a log."""
    return "".join(filter(str.isprintable, text)).strip()[:LONGEST_NAME]


@contextmanager
def _store() -> Iterator[None]:
    """Storage that is away or full is told as such."""
    try:
        yield
    except AWAY as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise Full(NO_ROOM) from error
        raise Unavailable(f"Storage is away: {error}") from error


_HOW_FAR: Final = {
    "Tus-Resumable": "`1.0.0`",
    "Upload-Offset": "So many bytes are kept.",
    "Upload-Expires": "When it is removed if nothing more comes.",
}
_ABOUT: Final = (UPLOAD_ID,)
ROUTES: Final = (
    Route(
        "askAboutUploads",
        "OPTIONS",
        BASE,
        UploadDoor.options,
        "importing",
        answers=(
            Answer(
                204,
                "What is offered.",
                headers={
                    "Tus-Version": "`1.0.0`",
                    "Tus-Extension": "What is offered beside the core.",
                    "Tus-Max-Size": "How many bytes a file may have.",
                    "Tus-Checksum-Algorithm": "What `Upload-Checksum` may name.",
                },
            ),
        ),
    ),
    Route(
        "createUpload",
        "POST",
        BASE,
        UploadDoor.create,
        "importing",
        parameters=(_RESUMABLE, _LENGTH, _METADATA, _CHECKSUM),
        answers=(Answer(201, "It is there.", headers={**_HOW_FAR, "Location": "Where to send it."}),),
        refuses=(400, 412, 413, 429, tus.CHECKSUM_MISMATCH, 507),
    ),
    Route(
        "getUpload",
        "GET",
        ONE,
        UploadDoor.get,
        "importing",
        parameters=_ABOUT,
        answers=(
            Answer(200, "How far it has come.", {JSON: UploadView}, {**_HOW_FAR, "Upload-Length": "Its length."}),
        ),
        refuses=(404, 410),
    ),
    Route(
        "sendUpload",
        "PATCH",
        ONE,
        UploadDoor.patch,
        "importing",
        parameters=(*_ABOUT, _RESUMABLE, _OFFSET, _CHECKSUM),
        takes={tus.OCTETS: OCTETS},
        answers=(Answer(204, "It is kept.", headers=_HOW_FAR),),
        refuses=(400, 404, 409, 410, 412, 413, 415, tus.CHECKSUM_MISMATCH, 507),
    ),
    Route(
        "deleteUpload",
        "DELETE",
        ONE,
        UploadDoor.delete,
        "importing",
        parameters=(*_ABOUT, _RESUMABLE),
        refuses=(404, 412),
    ),
)
