"""The key-value buckets, each with its reason; `ops/provision.py` makes them, idempotently, at every start."""

from typing import Final

from msgspec import Struct


class Bucket(Struct, frozen=True):
    """A JetStream key-value bucket in files."""

    name: str
    reason: str
    ttl_s: float = 0  # for ever


SNAPSHOTS: Final = Bucket(
    name="SNAPSHOTS",
    reason="Sums of long stories, by service and entity; made again whenever they are missing.",
    ttl_s=30 * 86_400,
)
SHARES: Final = Bucket(
    name="SHARES",
    reason="By service: its processes, who of them has which entities, and how far their events have been handled.",
)

ALL: Final = (SNAPSHOTS, SHARES)
