"""How many recordings may one address start in a minute, and how much may it change?"""

from typing import Final

from aiohttp import web
from msgspec import Struct

from gateways.api import uploads
from gateways.api.recordings import BASE
from gateways.http.operation import READING
from gateways.http.rate_limit import Policy


class Quotas(Struct, frozen=True):
    """Requests a minute; 0: any number."""

    recordings: int = 0
    changes: int = 0

    def policy_of(self, request: web.Request) -> Policy | None:
        """Reading is not limited."""
        if request.method in READING:
            return None
        if request.path.startswith(uploads.BASE) and request.method != "POST":
            return None  # pieces of a file, as many as it has
        if request.method == "POST" and request.path in (BASE, uploads.BASE):
            return Policy("recordings", self.recordings)
        return Policy("changes", self.changes)


UNLIMITED: Final = Quotas()
