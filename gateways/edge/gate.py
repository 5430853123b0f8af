"""Who is let in to the media of a recording? Paths that are signed for it; where it is so set, plain ones too.

A token is verified once and remembered: a live viewer asks for six things a second under the same one.
"""

import time
from typing import Final

from gateways.edge.request import Request
from gateways.edge.response import CORS, Response, problem
from gateways.http.signing import MEDIA_ROOT, PREFIX, Known, Scope, verify
from subjects import objects

REMEMBERED: Final = 20_000
ROOTS: Final = (PREFIX, MEDIA_ROOT)
_OF_PICTURES: Final = frozenset({"", objects.POSTER, objects.PREVIEW})
_UNSIGNED: Final = problem(
    403, "Media is read under links that are signed; the recording's page and the API (hls_url) hand them out."
)
_FOREIGN: Final = problem(403, "This link was not made for this recording, or something in it was changed.")
_NOTHING: Final = problem(404, "There is nothing at this address.")
_EXPIRED: Final = problem(403, "This link has expired; open the recording's page again for a new one.")
_PICTURE: Final = problem(403, "This link is for the recording's pictures only.")
_GOOD: Final = Response(f"HTTP/1.1 204 No Content\r\nCache-Control: no-store\r\n{CORS}\r\n".encode(), b"", 204)


class Gate:
    """Owned by the event loop. Without a secret nothing is signed, and everybody is let in."""

    def __init__(self, secret: bytes | None, *, plain: bool) -> None:
        self._secret = secret
        self._plain = plain or secret is None
        self._known: dict[str, Known] = {}

    def admit(self, request: Request) -> Response | None:
        """The refusal; None for who may go on, with `request.target` as if nothing had been signed.

        A signed path with nothing behind the recording is answered with 204: a CDN asks there whether a link is good.
        """
        prefix, root, rest = request.target.partition(MEDIA_ROOT)
        if not prefix:
            return None if self._plain or request.method == "OPTIONS" else _UNSIGNED
        if not root:
            return _NOTHING
        recording_id, _, name = rest.partition("/")
        request.target = root + rest  # nor does the log need the token
        if self._secret is None or request.method == "OPTIONS":
            return None
        return self._refusal(prefix, recording_id, name.partition("?")[0])

    def _refusal(self, prefix: str, recording_id: str, name: str) -> Response | None:
        key = prefix + recording_id
        known = self._known.get(key) or self._verified(key, prefix, recording_id)
        if known is None:
            return _FOREIGN
        if known.expires_at <= time.time():
            return _EXPIRED
        if known.scope is not Scope.ALL and name not in _OF_PICTURES:
            return _PICTURE
        return None if name else _GOOD

    def _verified(self, key: str, prefix: str, recording_id: str) -> Known | None:
        assert self._secret is not None
        known = verify(self._secret, recording_id, prefix.removeprefix(PREFIX))
        if known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[key] = known
        return known
