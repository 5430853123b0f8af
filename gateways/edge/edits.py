"""What does an edited recording look like to a player? Playlists of one version, over original segments and its own.

`master.m3u8` is always the version that is shown; which one that is stands in a small object, read whenever a playlist
of an ended recording is opened. All versions stay under `edits/{version}/`, all of it under `original/`.
"""

import re
from collections import OrderedDict
from typing import Final, NamedTuple

import msgspec

from gateways.edge.ranges import whole_or_range
from gateways.edge.request import Request
from gateways.edge.response import IMMUTABLE, Response, problem
from gateways.edge.sources import Sources
from gateways.edge.window import ENDED_CACHE, LIVE_CACHE, PATHS, rendered
from media.edits import version as versions
from media.edits.version import ORIGINAL, Version
from media.hls import media_playlist, multivariant_playlist
from media.hls.media_playlist import Paths, Timing
from schemas.errors import NotFound
from schemas.media import VIDEO
from subjects import objects

ORIGINAL_MASTER: Final = "original/master.m3u8"
_EDIT: Final = re.compile(r"edits/([0-9]{1,6})/(.+)")
_PLAYLIST: Final = re.compile(r"([a-z0-9-]+)\.m3u8")
_MEDIA: Final = re.compile(r"([a-z0-9-]+)/(init-)?[0-9]{1,9}\.(mp4|m4s)")
_UP: Final = "../../"
_KEPT: Final = 64


class Name(NamedTuple):
    """Something of a version."""

    version: int
    rest: str


def named(rest: str) -> Name | None:
    """What a path behind `/hls/{id}/` names of a version; None for anything else."""
    found = _EDIT.fullmatch(rest)
    return Name(int(found[1]), found[2]) if found else None


class Edits:
    """Answers for versions. Raises: NotFound, Unavailable while storage does not answer."""

    def __init__(self, sources: Sources, timing: Timing) -> None:
        self._sources = sources
        self._timing = timing
        self._kept: OrderedDict[tuple[str, int], Version] = OrderedDict()

    async def current(self, recording_id: str) -> int:
        """The version that is shown; `ORIGINAL` for all of it."""
        try:
            return versions.current(await self._sources.from_store(objects.edit(recording_id)))
        except msgspec.MsgspecError:
            return ORIGINAL

    async def version(self, recording_id: str, number: int) -> Version:
        """What it is made of."""
        key = recording_id, number
        if key not in self._kept:
            data = await self._sources.from_store(objects.edit_index(recording_id, number))
            if data is None:
                raise NotFound("There is no such version.")
            self._kept[key] = versions.decode(data)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]

    async def master(self, recording_id: str, number: int, *, compressed: bool) -> Response:
        """The multivariant playlist of a version, as it stands beside the original's; nobody may keep it."""
        found = await self.version(recording_id, number)
        return _master(found, objects.edit_path(number), LIVE_CACHE, compressed=compressed)

    async def answer(self, recording_id: str, name: Name, request: Request, *, compressed: bool) -> Response:
        """A playlist or bytes of a version."""
        if media := _MEDIA.fullmatch(name.rest):
            return await self._bytes(recording_id, name, media[1], request)
        found = await self.version(recording_id, name.version)
        asked = _PLAYLIST.fullmatch(name.rest)
        if asked and asked[1] == "master":
            return _master(found, "", ENDED_CACHE, compressed=compressed)
        known = found.index.renditions.get(asked[1]) if asked else None
        if known is None:
            raise NotFound("There is no such rendition.")
        paths = Paths(
            lambda rendition, init: _UP + found.init_path(rendition, init),
            lambda rendition, segment: (
                _UP + (found.segment_path(rendition, segment) or objects.segment_path(rendition, segment))
            ),
            PATHS.part,
            PATHS.playlist,
        )
        return rendered(media_playlist.ended(known, self._timing, paths), ENDED_CACHE, compressed=compressed)

    async def _bytes(self, recording_id: str, name: Name, rendition: str, request: Request) -> Response:
        path = f"{objects.prefix(recording_id)}{objects.edit_path(name.version)}{name.rest}"
        data = await self._sources.payloads.fetch(path, lambda: self._sources.from_store(path))
        if data is None:
            return problem(404, "There is no such piece.")
        kind = "video/mp4" if rendition == VIDEO else "audio/mp4"
        asked = request.field(b"range").decode("latin-1") or None
        return whole_or_range(data, asked, {"Content-Type": kind, "Cache-Control": IMMUTABLE})


def _master(found: Version, prefix: str, cache: str, *, compressed: bool) -> Response:
    paths = PATHS._replace(playlist=lambda rendition: prefix + objects.playlist_path(rendition))
    return rendered(multivariant_playlist.render(found.index, paths), cache, compressed=compressed)
