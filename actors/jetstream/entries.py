"""Entries of a key-value bucket (ADR-8) by sequence: read as they come, written if nobody was quicker."""

from collections.abc import Mapping
from typing import Final

from nats.aio.client import Client
from nats.js.errors import APIError

from actors.jetstream import direct_get
from actors.jetstream.direct_get import Entry
from schemas.envelope import EXPECTED_LAST_SUBJECT_SEQUENCE
from subjects.buckets import Bucket

OPERATION: Final = "KV-Operation"
TTL: Final = "Nats-TTL"  # ADR-43
_OVERTAKEN: Final = frozenset({10071, 10164})


class Overtaken(Exception):
    """Somebody else has written this entry."""


class Entries:
    """One bucket. Every method raises what nats-py raises while NATS is away."""

    def __init__(self, nats: Client, bucket: Bucket) -> None:
        self._nats = nats
        self._js = nats.jetstream()
        self._bucket = bucket

    async def page(self, after: int, key: str = "") -> list[Entry]:
        """The next entries behind sequence `after`, of all keys or those that `key` (wildcards allowed) takes in."""
        subject = self._bucket.subject(key) if key else self._bucket.everything
        return await direct_get.batch(self._nats, self._bucket.stream, subject, after + 1)

    async def all(self, key: str = "") -> list[Entry]:
        """What there is now."""
        found: list[Entry] = []
        while page := await self.page(found[-1].sequence if found else 0, key):
            found += page
        return found

    async def known(self, key: str) -> Entry | None:
        """As the leader knows it; None also for one that was removed."""
        entry = await direct_get.known(self._nats, self._bucket.stream, self._bucket.subject(key))
        return None if entry is None or is_removed(entry) else entry

    async def put(self, key: str, data: bytes, *, last: int | None = None) -> int:
        """Its sequence. Raises Overtaken when the entry's sequence is another than `last`; 0: there is none."""
        return await self._write(key, data, {}, last)

    async def remove(self, key: str, *, seen_s: int, last: int | None = None) -> None:
        """A mark says so for that long. Raises Overtaken."""
        await self._write(key, b"", {OPERATION: "DEL", TTL: f"{seen_s}s"}, last)

    async def purge(self, key: str) -> None:
        """Leave nothing under these keys (wildcards allowed), not even a mark."""
        await self._js.purge_stream(self._bucket.stream, subject=self._bucket.subject(key))

    async def _write(self, key: str, data: bytes, headers: Mapping[str, str], last: int | None) -> int:
        expected = {} if last is None else {EXPECTED_LAST_SUBJECT_SEQUENCE: str(last)}
        try:
            ack = await self._js.publish(self._bucket.subject(key), data, headers={**headers, **expected})
        except APIError as error:
            if error.err_code in _OVERTAKEN:
                raise Overtaken(key) from error
            raise
        return ack.seq


def is_removed(entry: Entry) -> bool:
    """Whether it only says that there was one: by whoever removed it, or by the server when its time was over."""
    return OPERATION in entry.headers or "Nats-Marker-Reason" in entry.headers
