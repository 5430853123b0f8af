"""Where is a recording watched, and for how long is that good? Media under signed paths, by way of the CDN if any."""

import time
from datetime import UTC, datetime
from typing import Annotated, Final

from aiohttp import web
from msgspec import Meta, structs

from gateways.api.origin import origin
from gateways.http import signing
from gateways.http.signing import Scope
from schemas.ids import RecordingId
from schemas.recording import Moment, RecordingView
from subjects import objects

PICTURE_TTL_S: Final = 30 * 86_400
"""Whoever unfurls a link looks at the picture when it likes to, and it shows no more than the page."""


class LinkedRecording(RecordingView, frozen=True, kw_only=True):
    """A recording with its links."""

    watch_url: Annotated[str, Meta(description="For people.")]
    hls_url: Annotated[
        str, Meta(description="For HLS players; what it lists lies beside it, and is signed like it for a while.")
    ]
    dash_url: Annotated[str, Meta(description="For DASH players: the same segments, signed in the same way.")]
    poster_url: Annotated[str, Meta(description="A picture of it, once there is one; good for a month.")]
    preview_url: Annotated[str, Meta(description="An animated WebP of it, once it has ended; good for a month.")]
    thumbnails_url: Annotated[
        str, Meta(description="WebVTT of thumbnails for a scrub bar; it grows while live. Good as long as `hls_url`.")
    ]
    waveform_url: Annotated[
        str, Meta(description="How loud it is when, as audiowaveform's JSON, once it has ended and if it has sound.")
    ]
    links_expire_at: Annotated[Moment, Meta(description="So long `hls_url` is good; read the recording again before.")]


class Links:
    """Makes links. `media_url`: where media is read; None: at this origin."""

    def __init__(
        self, secret: bytes, public_url: str | None = None, media_url: str | None = None, ttl_s: int = 21_600
    ) -> None:
        self._secret = secret
        self._public_url = public_url
        self._media_url = media_url
        self._ttl_s = ttl_s

    def origin(self, request: web.Request) -> str:
        """Under which address the caller knows us."""
        return origin(request, self._public_url)

    def of(self, request: web.Request, view: RecordingView) -> LinkedRecording:
        """The recording as it is said to the caller."""
        base, until = self.origin(request), signing.shared_expiry(time.time(), self._ttl_s)
        media = (self._media_url or base).rstrip("/") + signing.path(self._secret, view.id, until, "")
        return LinkedRecording(
            **structs.asdict(view),
            watch_url=f"{base}/watch/{view.id}",
            hls_url=media + objects.MULTIVARIANT,
            dash_url=media + signing.path(self._secret, view.id, until, objects.MANIFEST),
            poster_url=self.picture(request, view.id, objects.POSTER),
            preview_url=self.picture(request, view.id, objects.PREVIEW),
            thumbnails_url=media + objects.THUMBNAILS,
            waveform_url=media + objects.WAVEFORM,
            links_expire_at=datetime.fromtimestamp(until, UTC),
        )

    def picture(self, request: web.Request, recording_id: RecordingId, name: str) -> str:
        """Where a picture of it is, for a month; nothing else can be read by that link."""
        until = signing.shared_expiry(time.time(), PICTURE_TTL_S)
        base = (self._media_url or self.origin(request)).rstrip("/")
        return base + signing.path(self._secret, recording_id, until, name, Scope.PICTURE)
