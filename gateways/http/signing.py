"""Who may watch? Whoever brings a path that was signed for the recording and is still good: `/s/{token}/hls/{id}/…`.

The token stands in front of the path it opens. So the relative URIs of playlists keep it, and a CDN that cuts
`^/s/[^/]+` off its cache key keeps one copy for everybody. It is base64url of the time it ends (four bytes, seconds
since 1970) and of an HMAC-SHA256 over scope, time and recording: nothing has to be kept.
"""

import base64
import hmac
import re
from enum import StrEnum
from typing import Final, NamedTuple

PREFIX: Final = "/s/"
MEDIA_ROOT: Final = "/hls/"
_TIME_BYTES: Final = 4
_TOKEN: Final = re.compile("[A-Za-z0-9_-]{48}")  # 36 bytes: no padding
SHARES: Final = 8


class Scope(StrEnum):
    """What a token opens: all of a recording, or what a pasted link shows of it."""

    ALL = "view"
    PICTURE = "picture"


class Known(NamedTuple):
    """What a genuine token says. `expires_at` is in seconds since 1970."""

    scope: Scope
    expires_at: int


def sign(secret: bytes, recording_id: str, expires_at: int, scope: Scope = Scope.ALL) -> str:
    """The token for one recording until then."""
    time = expires_at.to_bytes(_TIME_BYTES, "big")
    return base64.urlsafe_b64encode(time + _digest(secret, scope, time, recording_id)).decode()


def path(secret: bytes, recording_id: str, expires_at: int, rest: str, scope: Scope = Scope.ALL) -> str:
    """The path of what is `rest` of a recording, signed."""
    return f"{PREFIX}{sign(secret, recording_id, expires_at, scope)}{MEDIA_ROOT}{recording_id}/{rest}"


def verify(secret: bytes, recording_id: str, token: str) -> Known | None:
    """What the token says, expired or not; None when it is not one of ours for this recording. In constant time."""
    if not _TOKEN.fullmatch(token):
        return None
    raw = base64.urlsafe_b64decode(token)
    time, digest = raw[:_TIME_BYTES], raw[_TIME_BYTES:]
    genuine = [one for one in Scope if hmac.compare_digest(_digest(secret, one, time, recording_id), digest)]
    return Known(genuine[0], int.from_bytes(time, "big")) if genuine else None


def shared_expiry(now: float, ttl_s: int) -> int:
    """A time at least `ttl_s` from now, the same for all who ask within an eighth of that: they share one URL."""
    step = max(ttl_s // SHARES, 1)
    return (int(now) // step + 1) * step + ttl_s


def _digest(secret: bytes, scope: Scope, time: bytes, recording_id: str) -> bytes:
    return hmac.digest(secret, b"%b:%b:%b" % (scope.encode(), time, recording_id.encode()), "sha256")
