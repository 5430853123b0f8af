"""What shows a recording without playing it? Poster, preview, thumbnails and waveform, as workers left them in storage.

While it is live they are replaced again and again: they hold for seconds. A sprite is asked for by a name with its
checksum (`?v=`, as thumbnails.vtt says), under which it never changes; who asks for one that has grown meanwhile gets
it as it is now, for there is only more in it.
"""

import re
from typing import Final, NamedTuple
from zlib import crc32

from gateways.edge.request import Request
from gateways.edge.response import IMMUTABLE, Response, not_modified, problem, response
from gateways.edge.sources import Sources
from gateways.edge.windows import Windows
from schemas.errors import Gone
from subjects import objects

PICTURE: Final = re.compile(r"poster\.jpg|preview\.webp|thumbnails\.vtt|waveform\.json|sprite-[0-9]{1,5}\.jpg")
HELD_S: Final = 60.0
"""So long a sprite under its version is kept here, at most; then deleting it is felt."""


class _Kind(NamedTuple):
    content_type: str
    live_s: int
    """How old it may be while the recording grows, and in doubt."""
    ended_s: int
    missing: str


_POSTER: Final = _Kind("image/jpeg", 10, 60, "There is no picture yet.")
_KINDS: Final = {
    objects.POSTER: _POSTER,
    objects.PREVIEW: _Kind("image/webp", 10, 3600, "There is no preview yet; it is made when the recording has ended."),
    objects.THUMBNAILS: _Kind("text/vtt; charset=utf-8", 2, 60, "There are no thumbnails yet."),
    objects.WAVEFORM: _Kind(
        "application/json", 10, 3600, "There is no waveform; it is made when a recording with sound has ended."
    ),
}
_SPRITE: Final = _Kind("image/jpeg", 10, 60, "There is no such sheet of thumbnails.")


class Pictures:
    """Answers for what `PICTURE` matches. Raises: Unavailable when storage does not answer, Gone."""

    def __init__(self, windows: Windows, sources: Sources) -> None:
        self._windows = windows
        self._sources = sources

    async def answer(self, recording_id: str, name: str, request: Request) -> Response:
        """The picture, 304 for who has it, 404 before there is one."""
        if self._windows.is_deleted(recording_id):
            raise Gone("This recording has been deleted.")
        kind = _KINDS.get(name, _SPRITE)
        version = request.query.get("v", "") if kind is _SPRITE and "?" in request.target else ""
        seconds = kind.ended_s if self._has_ended(recording_id) else kind.live_s
        path = objects.prefix(recording_id) + name
        data = await self._sources.fresh(path, HELD_S if version else min(seconds, HELD_S), version)
        if data is None:
            return problem(404, kind.missing)
        checksum = f"{crc32(data):08x}"
        cache = IMMUTABLE if version == checksum else f"public, max-age={seconds}"
        etag = f'"{len(data):x}-{checksum}"'
        found = response(200, data, {"Content-Type": kind.content_type, "Cache-Control": cache, "ETag": etag})
        return not_modified(found, cache) if etag.encode() in request.field(b"if-none-match") else found

    def _has_ended(self, recording_id: str) -> bool:
        window = self._windows.peek(recording_id)
        return window is not None and window.archived
