"""What is behind /hls/? Playlists and media of one recording, found by name; every refusal has a sentence."""

import asyncio
import re
from collections.abc import Awaitable
from typing import Final

from gateways.edge.connection import Connection, Streamed
from gateways.edge.dash import manifest
from gateways.edge.download import FILE, Downloads
from gateways.edge.edits import ORIGINAL_MASTER, Edits, named
from gateways.edge.pictures import PICTURE, Pictures
from gateways.edge.ranges import whole_or_range
from gateways.edge.request import Request
from gateways.edge.response import CORS, IMMUTABLE, Response, not_modified, problem, unavailable
from gateways.edge.sources import Sources
from gateways.edge.window import ENDED_CACHE, LIVE_CACHE, PATHS, Window, rendered
from gateways.edge.windows import Windows
from media.edits.version import ORIGINAL
from media.hls import multivariant_playlist
from media.hls.index import IndexedSegment
from schemas.errors import Gone, NotFound, Unavailable
from schemas.ids import is_id
from subjects import objects

FIRST_SEGMENT_S: Final = 10.0
HOLD_TARGETS: Final = 3
ADVANCE_SEGMENTS: Final = 2
HINTED_S: Final = 3.0
ALLOWED: Final = "GET, HEAD, OPTIONS"

_MEDIA: Final = re.compile(r"([a-z0-9-]+)\.m3u8")
_INIT: Final = re.compile(r"([a-z0-9-]+)/init-([0-9]{1,9})\.mp4")
_SEGMENT: Final = re.compile(r"([a-z0-9-]+)/([0-9]{1,9})\.m4s")
_PART: Final = re.compile(r"([a-z0-9-]+)/([0-9]{1,9})\.([0-9]{1,5})\.m4s")
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_TYPES: Final = {"video": "video/mp4", "audio": "audio/mp4", "aac": "audio/mp4"}
_IMMUTABLE: Final = {
    rendition: (
        f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nCache-Control: {IMMUTABLE}\r\n{CORS}"
        "Accept-Ranges: bytes\r\nContent-Length: "
    ).encode()
    for rendition, kind in _TYPES.items()
}
_PREFLIGHT: Final = Response(
    (
        f"HTTP/1.1 204 No Content\r\nAllow: {ALLOWED}\r\nAccess-Control-Allow-Methods: {ALLOWED}\r\n"
        f"Access-Control-Allow-Headers: *\r\nAccess-Control-Max-Age: 86400\r\n{CORS}\r\n"
    ).encode(),
    b"",
    204,
)

Answer = Response | Awaitable[Response]
Streamable = Answer | Awaitable[Response | Streamed]


class Hls:
    """Answers requests under /hls/."""

    def __init__(
        self, windows: Windows, sources: Sources, edits: Edits, downloads: Downloads, target_duration_s: float
    ) -> None:
        self._windows = windows
        self._sources = sources
        self._edits = edits
        self._downloads = downloads
        self._pictures = Pictures(windows, sources, edits)
        self._hold_s = HOLD_TARGETS * target_duration_s

    def answer(self, request: Request, connection: Connection) -> Streamable:
        """At once, when all that is needed is in memory."""
        if request.method == "OPTIONS":
            return _PREFLIGHT
        if request.method not in ("GET", "HEAD"):
            return problem(405, f"{request.method} is not offered here.", {"Allow": ALLOWED})
        recording_id, _, rest = request.path.removeprefix("/hls/").partition("/")
        if not is_id(recording_id):
            return problem(404, "There is no such recording.")
        if found := PICTURE.fullmatch(rest):
            return self._guarded(self._pictures.answer(recording_id, found[0], request))
        if found := FILE.fullmatch(rest):
            return self._downloads.answer(recording_id, found[1], request, connection)
        window = self._windows.peek(recording_id)
        if window is None:
            return self._guarded(self._opened(recording_id, rest, request))
        return self._of(window, rest, request)

    async def _opened(self, recording_id: str, rest: str, request: Request) -> Response:
        answer = self._of(await self._windows.open(recording_id), rest, request)
        return answer if isinstance(answer, Response) else await asyncio.shield(answer)

    async def _guarded(self, answer: Awaitable[Response]) -> Response:
        try:
            return await answer
        except NotFound as error:
            return problem(404, str(error))
        except Gone as error:
            return problem(410, str(error))
        except Unavailable as error:
            return unavailable(str(error))

    def _of(self, window: Window, rest: str, request: Request) -> Answer:
        if found := _MEDIA.fullmatch(rest):
            if found[1] == "master":
                return self._shown(window, request)
            return self._playlist(window, found[1], request)
        if rest == objects.MANIFEST:
            return self._manifest(window, request)
        if found := _PART.fullmatch(rest):
            return self._part(window, found[1], int(found[2]), int(found[3]), request)
        if found := _SEGMENT.fullmatch(rest):
            return self._segment(window, found[1], int(found[2]), request)
        if found := _INIT.fullmatch(rest):
            return self._guarded(self._init(window, found[1], int(found[2]), request))
        if rest == ORIGINAL_MASTER:
            return self._original(window, request)
        if version := named(rest):
            compressed = _accepts_gzip(request)
            return self._guarded(self._edits.answer(window.recording_id, version, request, compressed=compressed))
        return problem(404, "There is nothing of that name.")

    # --- playlists ----------------------------------------------------------------------------------------------------

    def _shown(self, window: Window, request: Request) -> Answer:
        """Of a recording that has ended, the version that its owner has chosen."""
        if window.archived or window.index.ended:
            return self._guarded(self._version_shown(window, request))
        return self._multivariant(window, request)

    async def _version_shown(self, window: Window, request: Request) -> Response:
        try:
            version = await self._edits.current(window.recording_id)
        except Unavailable:
            if window.archived:  # what was cut out is not shown by mistake
                raise
            version = ORIGINAL
        if version != ORIGINAL:
            found = await self._edits.master(window.recording_id, version, compressed=_accepts_gzip(request))
            return _unless_known(found, request)
        answer = self._multivariant(window, request)
        return answer if isinstance(answer, Response) else await asyncio.shield(answer)

    def _manifest(self, window: Window, request: Request) -> Answer:
        """There is none of an edited recording: it would show what was cut out."""

        async def unless_edited() -> Response:
            if await self._edits.current(window.recording_id) != ORIGINAL:
                return problem(404, "This recording was edited; its master.m3u8 (HLS) shows it.")
            written = manifest(window, compressed=_accepts_gzip(request))
            return _unless_known(written, request) if written else _NOTHING_YET

        if window.archived or window.index.ended:
            return self._guarded(unless_edited())
        written = manifest(window, compressed=_accepts_gzip(request))
        return _unless_known(written, request) if written else _NOTHING_YET

    def _original(self, window: Window, request: Request) -> Response:
        """All of it, for whoever edits."""
        if not window.is_watchable():
            return _NOTHING_YET
        paths = PATHS._replace(playlist=lambda rendition: "../" + PATHS.playlist(rendition))
        text = multivariant_playlist.render(window.index, paths)
        return _unless_known(rendered(text, LIVE_CACHE, compressed=_accepts_gzip(request)), request)

    def _multivariant(self, window: Window, request: Request) -> Answer:
        compressed = _accepts_gzip(request)

        def make() -> Response:
            return window.multivariant(compressed=compressed) if window.is_watchable() else _NOTHING_YET

        if window.is_watchable():
            return _unless_known(make(), request)
        return window.awaited(("master", compressed), window.is_watchable, make, FIRST_SEGMENT_S)

    def _playlist(self, window: Window, rendition: str, request: Request) -> Answer:
        query = request.query if "?" in request.target else {}
        try:
            msn, part = _number(query, "_HLS_msn"), _number(query, "_HLS_part")
        except ValueError as error:
            return problem(400, str(error))
        if part is not None and msn is None:
            return problem(400, "_HLS_part is said without _HLS_msn.")
        known = window.index.renditions.get(rendition)
        if known is None and window.is_watchable():
            return problem(404, "There is no such rendition.")
        newest = known.segments[-1].number if known and known.segments else -1
        is_playable = window.is_playable(rendition)
        if msn is not None and msn > newest + ADVANCE_SEGMENTS and is_playable and not window.ended(rendition):
            return problem(400, f"_HLS_msn={msn} is too far ahead: the newest segment is {newest}.")
        skip, compressed, blocked = query.get("_HLS_skip") in ("YES", "v2"), _accepts_gzip(request), msn is not None

        def make() -> Response:
            if not window.is_playable(rendition):
                return _NOTHING_YET
            is_answer = msn is None or window.has(rendition, msn, part)
            return window.playlist(rendition, skip=skip, compressed=compressed, blocked=blocked and is_answer)

        def ready() -> bool:
            return window.is_playable(rendition) and (msn is None or window.has(rendition, msn, part))

        if ready():
            return _unless_known(make(), request)
        key = (rendition, msn, part, skip, compressed)
        return window.awaited(key, ready, make, self._hold_s if is_playable else FIRST_SEGMENT_S)

    # --- media --------------------------------------------------------------------------------------------------------

    async def _init(self, window: Window, rendition: str, number: int, request: Request) -> Response:
        return _bytes(await self._sources.init(window, rendition, number), rendition, request)

    def _segment(self, window: Window, rendition: str, number: int, request: Request) -> Answer:
        known = window.index.renditions.get(rendition)
        segment = known.segment(number) if known else None
        if known is None or segment is None or segment.gap:
            return problem(404, "There is no such segment.")
        if segment is known.segments[-1] and not known.final and not window.is_stored(rendition):
            return problem(404, "This segment is not complete yet.")

        async def fetched() -> Response:
            return _bytes(await self._sources.segment(window, rendition, segment), rendition, request)

        return self._guarded(fetched())

    def _part(self, window: Window, rendition: str, msn: int, number: int, request: Request) -> Answer:
        known = window.index.renditions.get(rendition)
        if known is None or not known.segments:
            return problem(404, "There is no such rendition.")
        segment = known.segment(msn)
        if segment and number < len(segment.parts) and not segment.gap:
            if (data := self._sources.held_part(window, segment, number)) is not None:
                return _bytes(data, rendition, request)
            return self._guarded(self._part_of(window, rendition, segment, number, request))
        newest = known.segments[-1]
        may_come = (msn, number) in ((newest.number, len(newest.parts)), (newest.number + 1, 0))
        if not may_come or window.ended(rendition):
            return problem(404, "There is no such part.")
        return self._guarded(self._hinted(window, rendition, msn, number, request))

    async def _hinted(self, window: Window, rendition: str, msn: int, number: int, request: Request) -> Response:
        """A part that was hinted at, once it is there.

        When a key frame came first, this is the next segment's first part, which nobody may keep under this name: what
        a reload has announced is never refused (home-assistant/core#72089).
        """
        key = ("part", rendition, msn, number)
        there = window.awaited(key, lambda: window.has(rendition, msn, number), lambda: _NO_PART, HINTED_S)
        await asyncio.shield(there)
        if window.refusal:
            return window.refusal
        known = window.index.renditions[rendition]
        segment = known.segment(msn)
        if segment and number < len(segment.parts) and not segment.gap:
            return await self._part_of(window, rendition, segment, number, request)
        following = known.segment(msn + 1)
        if segment and following and not following.gap and number == len(segment.parts):
            data = await self._sources.part(window, rendition, following, 0)
            headers = {"Content-Type": _TYPES.get(rendition, "video/mp4"), "Cache-Control": "no-store"}
            return _NO_PART if data is None else whole_or_range(data, None, headers)
        return _NO_PART

    async def _part_of(
        self, window: Window, rendition: str, segment: IndexedSegment, number: int, request: Request
    ) -> Response:
        return _bytes(await self._sources.part(window, rendition, segment, number), rendition, request)


_NOTHING_YET: Final = problem(503, "Nothing has been recorded yet; try again in a moment.", {"Retry-After": "1"})
_NO_PART: Final = problem(404, "There is no such part.")


def _bytes(data: bytes | None, rendition: str, request: Request) -> Response:
    if data is None:
        return problem(404, "It is no longer there.")
    if asked := request.field(b"range"):
        headers = {"Content-Type": _TYPES.get(rendition, "video/mp4"), "Cache-Control": IMMUTABLE}
        return whole_or_range(data, asked.decode("latin-1"), headers)
    return Response(b"%b%d\r\n\r\n" % (_IMMUTABLE.get(rendition, _IMMUTABLE["video"]), len(data)), data)


def _unless_known(found: Response, request: Request) -> Response:
    asked = request.field(b"if-none-match")
    if not asked or not found.etag or found.etag not in asked:
        return found
    return not_modified(found, ENDED_CACHE if ENDED_CACHE.encode() in found.head else LIVE_CACHE)


def _accepts_gzip(request: Request) -> bool:
    return b"gzip" in request.field(b"accept-encoding")


def _number(query: dict[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{name} must be a number, not {text[:40]!r}.")
    return int(text)
