"""How does a replica answer that is behind? As if the newest messages were not there, for as often as it is asked."""

from typing import Any

import pytest
from nats.aio.client import Client as Nats

from actors.jetstream import direct_get
from actors.jetstream.direct_get import Entry
from subjects.streams import Stream


class Replica:
    """Answers the direct gets of a test; what is asked of the leader passes it by."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._batch, self._last = direct_get.batch, direct_get.last
        self._behind: tuple[str, int] = "", 0
        self.times = 0
        monkeypatch.setattr(direct_get, "batch", self._some)
        monkeypatch.setattr(direct_get, "last", self._newest)

    def falls_behind(self, stream: Stream, at: int, times: int = 2) -> None:
        """So often it does not know of sequence `at` and what follows."""
        self._behind, self.times = (stream.name, at), times

    async def _some(self, nats: Nats, stream: str, subject: str, first: int, **limits: Any) -> list[Entry]:
        return self._known(stream, await self._batch(nats, stream, subject, first, **limits))

    async def _newest(self, nats: Nats, stream: str, subject: str) -> Entry | None:
        found = await self._last(nats, stream, subject)
        return found if found and self._known(stream, [found]) else None

    def _known(self, stream: str, entries: list[Entry]) -> list[Entry]:
        behind, at = self._behind
        known = [entry for entry in entries if stream != behind or entry.sequence < at]
        if not self.times or known == entries:
            return entries
        self.times -= 1
        return known
