"""Who may send to a recording? Whoever has its token: an HMAC of its id, so that nothing has to be kept."""

import base64
import hashlib
import hmac


def make(secret: bytes, recording_id: str) -> str:
    """The Bearer token of a recording's WHIP endpoint: HMAC-SHA256, base64url without padding."""
    digest = hmac.new(secret, f"whip:{recording_id}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def verify(secret: bytes, recording_id: str, token: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(make(secret, recording_id).encode(), token.encode(errors="replace"))
