"""How does somebody get a recording as a file? MP4 or M4A, resumable, streamed as fast as the client reads.

Nothing is written for it: a head is made (`movies`), then come the stored segments as they are (RFC 9110, 13 and 14).
"""

import asyncio
import re
from typing import Final
from urllib.parse import quote

from obstore.store import ObjectStore

from actors.runtime.client import Client
from gateways.edge.connection import Connection, Streamed
from gateways.edge.movies import Movie, Movies
from gateways.edge.ranges import single
from gateways.edge.request import Request
from gateways.edge.response import CORS, Response, not_modified, problem, unavailable
from gateways.edge.spans import batches, read_ahead
from gateways.edge.windows import Windows
from schemas.errors import Conflict, Gone, NotFound, Unavailable
from schemas.ids import RecordingId
from schemas.recording import GetRecording, Status

FILE: Final = re.compile(r"download\.(mp4|m4a)")
CACHE: Final = "no-cache"
SEALING_S: Final = 10.0
"""So long somebody who asks in the moment of the stop is kept waiting."""
ASK_S: Final = 0.5
WRITE_BYTES: Final = 1 << 18
LONGEST_NAME: Final = 120
_TYPES: Final = {"mp4": "video/mp4", "m4a": "audio/mp4"}
_POLL_S: Final = 0.05
_UNFIT: Final = re.compile(r'[\x00-\x1f\x7f"\\/:*?<>|]+')


class Downloads:
    """Answers /hls/{id}/download.mp4 and /hls/{id}/download.m4a."""

    def __init__(self, actors: Client, windows: Windows, movies: Movies, store: ObjectStore) -> None:
        self._actors = actors
        self._windows = windows
        self._movies = movies
        self._store = store

    async def answer(
        self, recording_id: str, kind: str, request: Request, connection: Connection
    ) -> Response | Streamed:
        """The file, a range of it, or why there is none."""
        try:
            movie = await self._movie(recording_id, sound_only=kind == "m4a")
        except NotFound as error:
            return problem(404, str(error))
        except Gone as error:
            return problem(410, str(error))
        except Conflict as error:
            return problem(409, str(error))
        except Unavailable as error:
            return unavailable(str(error))
        if _has(request, b"if-none-match", movie):
            return not_modified(Response(b"", b"", etag=movie.etag.encode()), CACHE)
        part = _asked_part(request, movie)
        if part is None:
            return problem(
                416, f"There are {movie.size_bytes} bytes.", {"Content-Range": f"bytes */{movie.size_bytes}"}
            )
        name = await self._name(recording_id)
        head = _head(movie, part, _TYPES[kind], _disposition(name, recording_id, kind))
        if request.method == "HEAD":
            return Response(head, b"", 206 if part != range(movie.size_bytes) else 200)
        await self._stream(movie, part, head, connection)
        return Streamed()

    async def _movie(self, recording_id: str, *, sound_only: bool) -> Movie:
        """Waits a moment for one that has just been stopped."""
        window = await self._windows.open(recording_id)
        end = asyncio.get_running_loop().time() + SEALING_S
        while True:
            try:
                return await self._movies.movie(recording_id, sound_only=sound_only)
            except Conflict:
                if not window.index.ended and not await self._is_stopped(recording_id):
                    raise
                if asyncio.get_running_loop().time() > end:
                    raise Unavailable("It is still being completed; try again in a moment.") from None
            await asyncio.sleep(_POLL_S)

    async def _is_stopped(self, recording_id: str) -> bool:
        """The log may say so a moment later."""
        try:
            said = GetRecording(RecordingId(recording_id))
            status = (await self._actors.ask(said, deadline_s=ASK_S, patient=False)).status
        except (NotFound, Gone, Unavailable):
            return False
        return status in (Status.PROCESSING, Status.COMPLETED)

    async def _name(self, recording_id: str) -> str:
        """Its title, if somebody knows it at once."""
        try:
            said = GetRecording(RecordingId(recording_id))
            return (await self._actors.ask(said, deadline_s=ASK_S, patient=False)).title
        except (NotFound, Gone, Unavailable):
            return ""

    async def _stream(self, movie: Movie, part: range, head: bytes, connection: Connection) -> None:
        """Head and bytes. Raises ConnectionError when one of both ends fails: the client resumes where it was."""
        before = len(movie.head)
        wanted = batches(movie.spans, max(part.start - before, 0), max(part.stop - before, 0))
        await connection.write(head)
        await _write(connection, memoryview(movie.head)[part.start : part.stop])
        try:
            async for data in read_ahead(self._store, wanted):
                await _write(connection, data)
        except Unavailable as error:
            raise ConnectionAbortedError("storage went away in the middle of a download") from error


async def _write(connection: Connection, data: memoryview) -> None:
    """In pieces of which even a slow client takes one in time."""
    for at in range(0, len(data), WRITE_BYTES):
        await connection.write(data[at : at + WRITE_BYTES])


def _has(request: Request, field: bytes, movie: Movie) -> bool:
    return movie.etag.encode() in request.field(field)


def _asked_part(request: Request, movie: Movie) -> range | None:
    """Which bytes; all of them when the client's part is of another file (If-Range); None when there are none such."""
    asked = request.field(b"range").decode("latin-1")
    if request.field(b"if-range") and not _has(request, b"if-range", movie):
        asked = ""
    return single(asked, movie.size_bytes)


def _head(movie: Movie, part: range, kind: str, disposition: str) -> bytes:
    whole = part == range(movie.size_bytes)
    lines = "HTTP/1.1 200 OK\r\n" if whole else "HTTP/1.1 206 Partial Content\r\n"
    if not whole:
        lines += f"Content-Range: bytes {part.start}-{part.stop - 1}/{movie.size_bytes}\r\n"
    return (
        f"{lines}Content-Type: {kind}\r\nContent-Length: {len(part)}\r\nAccept-Ranges: bytes\r\nETag: {movie.etag}\r\n"
        f"Cache-Control: {CACHE}\r\nContent-Disposition: {disposition}\r\n{CORS}\r\n"
    ).encode("latin-1")


def _disposition(title: str, recording_id: str, kind: str) -> str:
    """To be kept under the recording's title (RFC 6266, 4.3: a plain name for those who cannot read the other)."""
    name = " ".join(_UNFIT.sub(" ", title).split()).strip(". ")[:LONGEST_NAME].rstrip(". ") or recording_id
    plain = "".join(letter if letter.isascii() else "_" for letter in name)
    return f"attachment; filename=\"{plain}.{kind}\"; filename*=UTF-8''{quote(name, safe='')}.{kind}"
