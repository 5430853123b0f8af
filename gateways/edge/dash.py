"""The DASH manifest of a recording: for players that speak no HLS. Written anew at most once a second."""

from datetime import UTC, datetime
from typing import Final

from gateways.edge.response import Response
from gateways.edge.window import ENDED_CACHE, LIVE_CACHE, Window, rendered
from media.dash.manifest import Names, render
from schemas.media import AUDIO, VIDEO
from subjects import objects

MANIFEST: Final = "application/dash+xml"
NAMES: Final = Names(objects.init_path, objects.segment_template)


def manifest(window: Window, *, compressed: bool) -> Response | None:
    """What is whole by now; None while nothing is."""
    now = datetime.now(UTC).replace(microsecond=0)
    main = VIDEO if VIDEO in window.index.renditions else AUDIO
    cache = ENDED_CACHE if window.ended(main) else LIVE_CACHE

    def make() -> Response:
        text = render(window.index, NAMES, window.timing.segment_s, now)
        return rendered(text, cache, compressed=compressed, kind=MANIFEST)

    if not window.is_playable(main):
        return None
    return window.of_this_second((compressed, cache), now.timestamp(), make)
