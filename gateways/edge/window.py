"""What does the edge know of one recording? Its index, what may be shown of it, and the playlists rendered from it.

A playlist is rendered and compressed once per change, by the first who asks, and shared by everybody else.
"""

import asyncio
import gzip
from collections.abc import Callable, Hashable
from typing import Final
from zlib import crc32

import structlog

from actors.jetstream.direct_get import Entry
from gateways.edge.payloads import Payloads
from gateways.edge.response import Response, response
from gateways.edge.waiting import Waiting
from media.hls import media_playlist, multivariant_playlist
from media.hls.index import RecordingIndex, RenditionIndex
from media.hls.media_playlist import Paths, Timing
from schemas.media import AAC, AUDIO, DERIVED, VIDEO
from subjects import media, objects

PATHS: Final = Paths(objects.init_path, objects.segment_path, objects.part_path, objects.playlist_path)
PLAYLIST: Final = "application/vnd.apple.mpegurl"
LIVE_CACHE: Final = "no-cache"
BLOCKED_CACHE: Final = "public, max-age=6"
ENDED_CACHE: Final = "public, max-age=60"
COMPANY_PATIENCE_S: Final = 1.5  # one rendition can be played; so long the others may take to follow
DERIVED_PATIENCE_S: Final = 15.0
COMPRESSION: Final = 5

log = structlog.get_logger(__name__)


class Window:
    """One recording, live or archived. Owned by the event loop; nothing here waits."""

    def __init__(
        self,
        recording_id: str,
        index: RecordingIndex,
        payloads: Payloads,
        timing: Timing,
        end_delay_s: float,
        *,
        archived: bool = False,
    ) -> None:
        self.recording_id = recording_id
        self.index = index
        self.archived = archived
        self.refusal: Response | None = None  # for everybody, from now on
        self.last_used = 0.0
        self.waiting = Waiting()
        self._payloads = payloads
        self.timing = timing
        self._end_delay_s = end_delay_s
        self._loop = asyncio.get_running_loop()
        self._rendered: dict[tuple[str, bool, bool, str], Response] = {}
        self._made: dict[Hashable, Response] = {}
        self._made_at = 0.0
        self._stored: set[str] = set()  # renditions made after the recording, which the log does not know
        self._shown_ends: set[str] = {name for name, known in index.renditions.items() if known.final or archived}
        self._playable_since: float | None = None

    # --- the log ------------------------------------------------------------------------------------------------------

    def take(self, entry: Entry) -> None:
        """A message of the log."""
        try:
            _, rendition, kind = media.address(entry.subject)
            changed = self.index.add(rendition, kind, entry.headers, entry.size_bytes, entry.sequence)
        except (KeyError, ValueError) as error:
            log.warning("a message of the log cannot be read", subject=entry.subject, why=repr(error))
            return
        if entry.data:
            self._payloads.keep((self.recording_id, entry.sequence), entry.data)
        if not changed:
            return
        if kind == "end":
            self._loop.call_later(DERIVED_PATIENCE_S, self._show_all_ends)
        if any(known.final and name not in self._shown_ends for name, known in self.index.renditions.items()):
            # With the last part in the same moment players lose it (HLS.md: `ENDLIST` a reload later is complete).
            self._loop.call_later(self._end_delay_s, self._show_ends)
        self._changed(rendition)

    def add_stored(self, made: RecordingIndex) -> None:
        """Renditions that were made after the recording; they are whole, and nothing is said of them any more."""
        for name, rendition in made.renditions.items():
            rendition.final = True
            self.index.renditions[name] = rendition
            self._stored.add(name)
            self._shown_ends.add(name)
            self._changed(name)

    def refuse(self, refusal: Response) -> None:
        """Nobody gets anything any more, whoever waits is told now."""
        self.refusal = refusal
        self.waiting.grant_all()

    def _show_ends(self) -> None:
        for name, known in self.index.renditions.items():
            if known.final and name not in self._shown_ends:
                self._shown_ends.add(name)
                self._changed(name)

    def _show_all_ends(self) -> None:
        for known in self.index.renditions.values():
            known.final = True
        self._show_ends()

    def _changed(self, rendition: str) -> None:
        self._rendered = {key: value for key, value in self._rendered.items() if key[0] not in (rendition, "")}
        self._made = {}
        self.waiting.changed()

    # --- what there is ------------------------------------------------------------------------------------------------

    def is_stored(self, rendition: str) -> bool:
        """Whether storage has all of it, and the log nothing that is needed."""
        return self.archived or rendition in self._stored

    def ended(self, rendition: str) -> bool:
        """Whether its playlist says so."""
        return rendition in self._shown_ends

    def has(self, rendition: str, msn: int, part: int | None) -> bool:
        """Whether that part, or that whole segment, or something behind it, is there (RFC 8216bis, 6.2.5.2)."""
        known = self.index.renditions.get(rendition)
        if known is None or not known.segments:
            return False
        newest = known.segments[-1]
        if self.ended(rendition) or newest.number > msn:
            return True
        return part is not None and newest.number == msn and len(newest.parts) > part

    def is_playable(self, rendition: str) -> bool:
        """Whether a whole segment is there; with less, hls.js gives up (`levelEmptyError`)."""
        known = self.index.renditions.get(rendition)
        return bool(known and known.inits and (len(known.segments) > 1 or (known.segments and self.ended(rendition))))

    def is_watchable(self) -> bool:
        """Whether the multivariant playlist can name everything that is about to come."""
        known = self.index.renditions
        if not self.is_playable(VIDEO if VIDEO in known else AUDIO):
            return False
        if self._playable_since is None:
            self._playable_since = self._loop.time()
            self._loop.call_later(COMPANY_PATIENCE_S, self.waiting.changed)
        expected = [name for name in known if name not in DERIVED] + ([AAC] if AUDIO in known else [])
        complete = all(self.is_playable(name) for name in expected)
        return complete or self.archived or self._loop.time() - self._playable_since >= COMPANY_PATIENCE_S

    # --- playlists ----------------------------------------------------------------------------------------------------

    def playlist(self, rendition: str, *, skip: bool, compressed: bool, blocked: bool) -> Response:
        """The media playlist as it is now."""
        cache = ENDED_CACHE if self.ended(rendition) else BLOCKED_CACHE if blocked else LIVE_CACHE
        key = (rendition, skip, compressed, cache)
        if (found := self._rendered.get(key)) is None:
            known = self.index.renditions[rendition]
            found = self._rendered[key] = rendered(self._render(known, skip=skip), cache, compressed=compressed)
        return found

    def multivariant(self, *, compressed: bool) -> Response:
        """The multivariant playlist as it is now; an edit may change it at any time."""
        cache = LIVE_CACHE
        key = ("", False, compressed, cache)
        if (found := self._rendered.get(key)) is None:
            text = multivariant_playlist.render(self.index, PATHS)
            found = self._rendered[key] = rendered(text, cache, compressed=compressed)
        return found

    def of_this_second(self, key: Hashable, second: float, make: Callable[[], Response]) -> Response:
        """Made once a second, and once more when anything has changed meanwhile."""
        if self._made_at != second:
            self._made_at, self._made = second, {}
        if (found := self._made.get(key)) is None:
            found = self._made[key] = make()
        return found

    def awaited(
        self, key: tuple[object, ...], ready: Callable[[], bool], make: Callable[[], Response], deadline_s: float
    ) -> "asyncio.Future[Response]":
        """Resolves to what `make` says when `ready` holds, at the deadline, or to the refusal of everything."""
        return self.waiting.until(key, ready, lambda: self.refusal or make(), deadline_s)

    def _render(self, known: RenditionIndex, *, skip: bool) -> str:
        if self.ended(known.name):
            return media_playlist.ended(known, self.timing, PATHS, parts=not self.is_stored(known.name))
        others = [other for other in self.index.renditions.values() if other is not known]
        return media_playlist.live(known, self.timing, PATHS, others, skip=skip)


def rendered(text: str, cache: str, *, compressed: bool, kind: str = PLAYLIST) -> Response:
    """A playlist or manifest, with what tells whether it is still the same."""
    body = text.encode()
    etag = f'"{len(body):x}-{crc32(body):08x}{"-gz" if compressed else ""}"'
    headers = {"Content-Type": kind, "Cache-Control": cache, "Vary": "Accept-Encoding", "ETag": etag}
    if compressed:
        body = gzip.compress(body, COMPRESSION, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return response(200, body, headers)
