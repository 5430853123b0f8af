"""What does the edge know of one recording? Its index, who waits for what, and the playlists rendered from it.

A playlist is rendered and compressed once per change, by the first who asks, and shared by everybody else.
"""

import asyncio
import gzip
from collections.abc import Callable
from typing import Final

import structlog

from actors.runtime.direct_get import Entry
from gateways.edge.payloads import Payloads
from gateways.edge.response import Response, response
from media.hls import media_playlist, multivariant_playlist
from media.hls.index import IndexedInit, RecordingIndex, RenditionIndex
from media.hls.media_playlist import Paths, Timing
from schemas.media import AAC, AUDIO, VIDEO
from subjects import media, objects

PATHS: Final = Paths(objects.init_path, objects.segment_path, objects.part_path, objects.playlist_path)
PLAYLIST: Final = "application/vnd.apple.mpegurl"
LIVE_CACHE: Final = "no-cache"
BLOCKED_CACHE: Final = "public, max-age=6"
ENDED_CACHE: Final = "public, max-age=60"
AAC_PATIENCE_S: Final = 1.5
DERIVED_PATIENCE_S: Final = 15.0
COMPRESSION: Final = 5

log = structlog.get_logger(__name__)


class Window:
    """One recording, live or archived. Owned by the event loop; nothing here waits."""

    def __init__(
        self, recording_id: str, index: RecordingIndex, payloads: Payloads, timing: Timing, end_delay_s: float
    ) -> None:
        self.recording_id = recording_id
        self.index = index
        self.gone = False
        self.last_used = 0.0
        self._payloads = payloads
        self._timing = timing
        self._end_delay_s = end_delay_s
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Callable[[], None]] = []
        self._rendered: dict[tuple[str, bool, bool, bool], Response] = {}
        self._shown_ends: set[str] = {name for name, known in index.renditions.items() if known.final}
        self._notified = False
        self._playable_since: float | None = None

    # --- the log ------------------------------------------------------------------------------------------------------

    def take(self, entry: Entry) -> None:
        """A message of the log."""
        _, rendition, kind = media.address(entry.subject)
        try:
            changed = self.index.add(rendition, kind, entry.headers, entry.size_bytes, entry.sequence)
        except (KeyError, ValueError) as error:
            log.warning("a message of the log cannot be read", subject=entry.subject, why=repr(error))
            return
        if not changed:
            return
        if entry.data:
            self._payloads.keep(entry.sequence, entry.data)
        if kind == "end":
            self._loop.call_later(DERIVED_PATIENCE_S, self._show_ends, True)  # noqa: FBT003
        if any(known.final and name not in self._shown_ends for name, known in self.index.renditions.items()):
            # With the last part in the same moment players lose it (HLS: `ENDLIST` a reload later is complete).
            self._loop.call_later(self._end_delay_s, self._show_ends, False)  # noqa: FBT003
        self._changed(rendition)

    def forget(self) -> None:
        """The recording was deleted."""
        self.gone = True
        self._notify()

    def _show_ends(self, all_of_them: bool) -> None:  # noqa: FBT001
        for name, known in self.index.renditions.items():
            if (known.final or all_of_them) and name not in self._shown_ends:
                self._shown_ends.add(name)
                self._changed(name)

    def _changed(self, rendition: str) -> None:
        self._rendered = {key: value for key, value in self._rendered.items() if key[0] not in (rendition, "")}
        if not self._notified:
            self._notified = True
            self._loop.call_soon(self._notify)

    def _notify(self) -> None:
        """Tell everybody who waits; several messages of one moment are one change."""
        self._notified = False
        waiting, self._waiting = self._waiting, []
        for tell in waiting:
            tell()

    # --- who waits ----------------------------------------------------------------------------------------------------

    def until(self, ready: Callable[[], bool], deadline_s: float) -> asyncio.Future[bool]:
        """Resolves to True when `ready` holds, to False after `deadline_s` or when the recording is gone."""
        found: asyncio.Future[bool] = self._loop.create_future()

        def look() -> None:
            if found.done():
                return
            if ready() or self.gone:
                timer.cancel()
                found.set_result(not self.gone)
            else:
                self._waiting.append(look)

        def give_up() -> None:
            if not found.done():
                found.set_result(False)

        timer = self._loop.call_later(deadline_s, give_up)
        look()
        return found

    # --- what there is ------------------------------------------------------------------------------------------------

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
        main = VIDEO if VIDEO in self.index.renditions else AUDIO
        if not self.is_playable(main):
            return False
        if self._playable_since is None:
            self._playable_since = self._loop.time()
            self._loop.call_later(AAC_PATIENCE_S, self._notify)
        complete = AUDIO not in self.index.renditions or self.is_playable(AAC)
        return complete or self.index.ended or self._loop.time() - self._playable_since >= AAC_PATIENCE_S

    def init(self, rendition: str, number: int) -> IndexedInit | None:
        """An init segment by its number."""
        known = self.index.renditions.get(rendition)
        return next((init for init in known.inits if init.headers.number == number), None) if known else None

    # --- playlists ----------------------------------------------------------------------------------------------------

    def playlist(self, rendition: str, *, skip: bool, compressed: bool, blocked: bool) -> Response:
        """The media playlist as it is now."""
        key = (rendition, skip, compressed, blocked)
        if (found := self._rendered.get(key)) is None:
            known = self.index.renditions[rendition]
            is_ended = self.ended(rendition)
            cache = ENDED_CACHE if is_ended else BLOCKED_CACHE if blocked else LIVE_CACHE
            found = self._rendered[key] = _response(self._render(known, skip=skip), cache, compressed=compressed)
        return found

    def multivariant(self, *, compressed: bool) -> Response:
        """The multivariant playlist as it is now."""
        key = ("", False, compressed, False)
        if (found := self._rendered.get(key)) is None:
            text = multivariant_playlist.render(self.index, PATHS)
            found = self._rendered[key] = _response(text, LIVE_CACHE, compressed=compressed)
        return found

    def _render(self, known: RenditionIndex, *, skip: bool) -> str:
        if self.ended(known.name):
            return media_playlist.ended(known, self._timing, PATHS, parts=True)
        others = [other for other in self.index.renditions.values() if other is not known]
        return media_playlist.live(known, self._timing, PATHS, others, skip=skip)


def _response(text: str, cache: str, *, compressed: bool) -> Response:
    headers = {"Content-Type": PLAYLIST, "Cache-Control": cache, "Vary": "Accept-Encoding"}
    body = text.encode()
    if compressed:
        body = gzip.compress(body, COMPRESSION, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return response(200, body, headers)
