"""What shows a recording without playing it? Poster, preview, thumbnails and waveform, as workers left them in storage.

While it is live they are replaced again and again: they hold for seconds. A sprite is asked for by a name with its
checksum (`?v=`, as thumbnails.vtt says), under which it never changes; who asks for one that has grown meanwhile gets
it as it is now, for there is only more in it. Of an edited recording they are those of the version that is shown; who
edits it sees all (`?version=0`).
"""

import re
from typing import Final, NamedTuple
from zlib import crc32

import msgspec

from gateways.edge.edits import Edits
from gateways.edge.request import Request
from gateways.edge.response import IMMUTABLE, Response, not_modified, problem, response
from gateways.edge.sources import Sources
from gateways.edge.windows import Windows
from media.audio.audiowaveform import Waveform
from media.edits import beside
from media.edits.edit_list import Keep
from media.edits.version import ORIGINAL
from media.pictures import thumbnails
from schemas.errors import Gone, NotFound
from subjects import objects

PICTURE: Final = re.compile(r"poster\.jpg|preview\.webp|thumbnails\.vtt|waveform\.json|sprite-[0-9]{1,5}\.jpg")
_NUMBER: Final = re.compile(r"[0-9]{1,6}")
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

    def __init__(self, windows: Windows, sources: Sources, edits: Edits) -> None:
        self._windows = windows
        self._sources = sources
        self._edits = edits

    async def answer(self, recording_id: str, name: str, request: Request) -> Response:
        """The picture, of the version that is shown or asked for; 304 for who has it, 404 before there is one."""
        if self._windows.is_deleted(recording_id):
            raise Gone("This recording has been deleted.")
        if name not in _KINDS:
            return await self._sheet(recording_id, name, request)
        kind, path = _KINDS[name], objects.prefix(recording_id) + name
        version = await self._version(recording_id, request)
        if version != ORIGINAL and name in (objects.POSTER, objects.PREVIEW):
            path = objects.prefix(recording_id) + objects.edit_path(version) + name
        seconds = kind.ended_s if self._has_ended(recording_id) else kind.live_s
        data = await self._sources.fresh(path, min(seconds, HELD_S))
        if data and version != ORIGINAL and name in _MOVED:
            data = _MOVED[name](data, (await self._edits.version(recording_id, version)).keep)
        if data is None:
            return problem(404, kind.missing)
        return _answered(data, kind, f"public, max-age={seconds}", request)

    async def _sheet(self, recording_id: str, name: str, request: Request) -> Response:
        """Thumbnails of all of it: which of them are shown, is said by thumbnails.vtt."""
        asked = request.query.get("v", "") if "?" in request.target else ""
        data = await self._sources.fresh(
            objects.prefix(recording_id) + name, HELD_S if asked else _SPRITE.live_s, asked
        )
        if data is None:
            return problem(404, _SPRITE.missing)
        is_known = asked == f"{crc32(data):08x}"
        return _answered(data, _SPRITE, IMMUTABLE if is_known else f"public, max-age={_SPRITE.live_s}", request)

    async def _version(self, recording_id: str, request: Request) -> int:
        asked = request.query.get("version", "") if "?" in request.target else ""
        if not asked:
            return await self._edits.current(recording_id)
        if not _NUMBER.fullmatch(asked):
            raise NotFound("There is no such version.")
        return int(asked)

    def _has_ended(self, recording_id: str) -> bool:
        window = self._windows.peek(recording_id)
        return window is not None and window.archived


def _answered(data: bytes, kind: _Kind, cache: str, request: Request) -> Response:
    etag = f'"{len(data):x}-{crc32(data):08x}"'
    found = response(200, data, {"Content-Type": kind.content_type, "Cache-Control": cache, "ETag": etag})
    return not_modified(found, cache) if etag.encode() in request.field(b"if-none-match") else found


def _moved_cues(data: bytes, keep: Keep) -> bytes:
    return thumbnails.render(beside.thumbnails(thumbnails.parse(data.decode()), keep)).encode()


def _moved_waveform(data: bytes, keep: Keep) -> bytes:
    return msgspec.json.encode(beside.waveform(msgspec.json.decode(data, type=Waveform), keep))


_MOVED: Final = {objects.THUMBNAILS: _moved_cues, objects.WAVEFORM: _moved_waveform}
