"""What is behind /hls/? Playlists and media of one recording, found by name; every refusal has a sentence."""

import re
from collections.abc import Awaitable
from typing import Final

from gateways.edge.ranges import whole_or_range
from gateways.edge.request import Request
from gateways.edge.response import CORS, IMMUTABLE, Response, problem, response, unavailable
from gateways.edge.window import Window
from gateways.edge.windows import Windows
from schemas.errors import Gone, NotFound, Unavailable
from schemas.ids import is_id

FIRST_SEGMENT_S: Final = 10.0
HOLD_TARGETS: Final = 3
ADVANCE_SEGMENTS: Final = 2
HINTED_S: Final = 3.0
ALLOWED: Final = "GET, HEAD, OPTIONS"

_MEDIA: Final = re.compile(r"([a-z0-9-]+)\.m3u8")
_INIT: Final = re.compile(r"([a-z0-9-]+)/init-(\d{1,9})\.mp4")
_SEGMENT: Final = re.compile(r"([a-z0-9-]+)/(\d{1,9})\.m4s")
_PART: Final = re.compile(r"([a-z0-9-]+)/(\d{1,9})\.(\d{1,5})\.m4s")
_NUMBER: Final = re.compile(r"\d{1,9}")
_TYPES: Final = {"video": "video/mp4", "audio": "audio/mp4", "aac": "audio/mp4"}

Answer = Response | Awaitable[Response]


class Hls:
    """Answers requests under /hls/."""

    def __init__(self, windows: Windows, target_duration_s: float) -> None:
        self._windows = windows
        self._hold_s = HOLD_TARGETS * target_duration_s

    def answer(self, request: Request) -> Answer:
        """At once, when all that is needed is in memory."""
        if request.method == "OPTIONS":
            return _preflight()
        if request.method not in ("GET", "HEAD"):
            return problem(405, f"{request.method} is not offered here.", {"Allow": ALLOWED})
        recording_id, _, rest = request.path.removeprefix("/hls/").partition("/")
        if not is_id(recording_id) or not rest:
            return problem(404, "There is no such recording.")
        window = self._windows.peek(recording_id)
        if window is None:
            return self._opened(recording_id, rest, request)
        return self._of(window, rest, request)

    async def _opened(self, recording_id: str, rest: str, request: Request) -> Response:
        try:
            if rest == "poster.jpg":
                return await self._poster(recording_id)
            answer = self._of(await self._windows.open(recording_id), rest, request)
            return answer if isinstance(answer, Response) else await answer
        except NotFound as error:
            return problem(404, str(error))
        except Gone as error:
            return problem(410, str(error))
        except Unavailable as error:
            return unavailable(str(error))

    def _of(self, window: Window, rest: str, request: Request) -> Answer:
        if found := _PART.fullmatch(rest):
            return self._guarded(self._part(window, found[1], int(found[2]), int(found[3]), request))
        if found := _MEDIA.fullmatch(rest):
            return (
                self._multivariant(window, request)
                if found[1] == "master"
                else self._playlist(window, found[1], request)
            )
        if found := _SEGMENT.fullmatch(rest):
            return self._guarded(self._segment(window, found[1], int(found[2]), request))
        if found := _INIT.fullmatch(rest):
            return self._guarded(self._init(window, found[1], int(found[2]), request))
        if rest == "poster.jpg":
            return self._guarded(self._poster(window.recording_id))
        return problem(404, "There is nothing of that name.")

    # --- playlists ----------------------------------------------------------------------------------------------------

    def _multivariant(self, window: Window, request: Request) -> Answer:
        compressed = _accepts_gzip(request)
        if window.is_watchable():
            return window.multivariant(compressed=compressed)

        async def later() -> Response:
            if await window.until(window.is_watchable, FIRST_SEGMENT_S):
                return window.multivariant(compressed=compressed)
            return _nothing_yet(window)

        return later()

    def _playlist(self, window: Window, rendition: str, request: Request) -> Answer:
        query = request.query if "?" in request.target else {}
        try:
            msn, part = _number(query, "_HLS_msn"), _number(query, "_HLS_part")
        except ValueError as error:
            return problem(400, str(error))
        if part is not None and msn is None:
            return problem(400, "_HLS_part is said without _HLS_msn.")
        known = window.index.renditions.get(rendition)
        newest = known.segments[-1].number if known and known.segments else -1
        if msn is not None and msn > newest + ADVANCE_SEGMENTS and window.is_playable(rendition):
            if window.ended(rendition):
                return self._rendered(window, rendition, request, query)
            return problem(400, f"_HLS_msn={msn} is too far ahead: the newest segment is {newest}.")
        if window.is_playable(rendition) and (msn is None or window.has(rendition, msn, part)):
            return self._rendered(window, rendition, request, query)
        return self._held(window, rendition, msn, part, request, query)

    async def _held(
        self, window: Window, rendition: str, msn: int | None, part: int | None, request: Request, query: dict[str, str]
    ) -> Response:
        def ready() -> bool:
            return window.is_playable(rendition) and (msn is None or window.has(rendition, msn, part))

        if not window.is_playable(rendition) and window.is_watchable() and rendition not in window.index.renditions:
            return problem(404, "There is no such rendition.")
        await window.until(ready, self._hold_s if window.is_playable(rendition) else FIRST_SEGMENT_S)
        if window.gone:
            return problem(410, "This recording has been deleted.")
        if not window.is_playable(rendition):
            return _nothing_yet(window)
        return self._rendered(window, rendition, request, query)

    def _rendered(self, window: Window, rendition: str, request: Request, query: dict[str, str]) -> Response:
        return window.playlist(
            rendition,
            skip=query.get("_HLS_skip") in ("YES", "v2"),
            compressed=_accepts_gzip(request),
            blocked="_HLS_msn" in query,
        )

    # --- media --------------------------------------------------------------------------------------------------------

    async def _guarded(self, answer: Awaitable[Response]) -> Response:
        try:
            return await answer
        except Unavailable as error:
            return unavailable(str(error))

    async def _init(self, window: Window, rendition: str, number: int, request: Request) -> Response:
        return _bytes(await self._windows.init(window, rendition, number), rendition, request)

    async def _segment(self, window: Window, rendition: str, number: int, request: Request) -> Response:
        known = window.index.renditions.get(rendition)
        segment = known.segment(number) if known else None
        if known is None or segment is None:
            return problem(404, "There is no such segment.")
        if segment is known.segments[-1] and not known.final:
            return problem(404, "This segment is not complete yet.", {"Cache-Control": "no-store"})
        return _bytes(await self._windows.segment(window, rendition, segment), rendition, request)

    async def _part(self, window: Window, rendition: str, msn: int, number: int, request: Request) -> Response:
        """A part; one that was hinted at is waited for, and is the next segment's first when a key frame came."""
        known = window.index.renditions.get(rendition)
        if known is None or not known.segments:
            return problem(404, "There is no such rendition.")
        newest = known.segments[-1]
        if (msn, number) == (newest.number, len(newest.parts)) and not window.ended(rendition):
            await window.until(lambda: window.has(rendition, msn, number), HINTED_S)
        segment = known.segment(msn)
        if segment and number == len(segment.parts):
            segment, number = known.segment(msn + 1), 0
        if segment is None or number >= len(segment.parts):
            return problem(404, "There is no such part.")
        return _bytes(await self._windows.part(window, rendition, segment, number), rendition, request)

    async def _poster(self, recording_id: str) -> Response:
        picture = await self._windows.poster(recording_id)
        if picture is None:
            return problem(404, "There is no picture yet.")
        return response(200, picture, {"Content-Type": "image/jpeg", "Cache-Control": "public, max-age=10"})


def _bytes(data: bytes | None, rendition: str, request: Request) -> Response:
    if data is None:
        return problem(404, "It is no longer there.")
    headers = {"Content-Type": _TYPES.get(rendition, "video/mp4"), "Cache-Control": IMMUTABLE}
    return whole_or_range(data, request.headers.get("range"), headers)


def _nothing_yet(window: Window) -> Response:
    if window.gone:
        return problem(410, "This recording has been deleted.")
    return problem(404, "Nothing has been recorded yet; try again in a moment.", {"Retry-After": "1"})


def _accepts_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")


def _number(query: dict[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{name} must be a number, not {text[:40]!r}.")
    return int(text)


def _preflight() -> Response:
    head = (
        f"HTTP/1.1 204 No Content\r\nAllow: {ALLOWED}\r\nAccess-Control-Allow-Methods: {ALLOWED}\r\n"
        f"Access-Control-Allow-Headers: Range, If-None-Match\r\nAccess-Control-Max-Age: 86400\r\n{CORS}\r\n"
    )
    return Response(head.encode(), b"", 204)
