"""The key-value buckets, each with its reason; `ops/provision.py` makes them, idempotently, at every start."""

from typing import Final

from msgspec import Struct


class Bucket(Struct, frozen=True):
    """A JetStream key-value bucket in files."""

    name: str
    reason: str
    ttl_s: float = 0  # for ever

    @property
    def stream(self) -> str:
        """Where its entries are kept."""
        return f"KV_{self.name}"

    @property
    def everything(self) -> str:
        """The subject of all its entries."""
        return f"$KV.{self.name}.>"

    def subject(self, key: str) -> str:
        """The subject of one entry; wildcards allowed."""
        return f"$KV.{self.name}.{key}"


SNAPSHOTS: Final = Bucket(
    name="SNAPSHOTS",
    reason="Sums of long stories, by service and entity; made again whenever they are missing.",
    ttl_s=30 * 86_400,
)
SHARES: Final = Bucket(
    name="SHARES",
    reason="By service: its processes, who of them has which entities, and how far their events have been handled.",
)
WORK: Final = Bucket(
    name="WORK",
    reason="Jobs that are open, and what is done of them, by recording, job and step; gone once the job is done.",
)
CLAIMS: Final = Bucket(
    name="CLAIMS",
    reason="Who is at which step of which job, said again and again while they are; a dead worker's is free soon.",
    ttl_s=10,
)

ALL: Final = (SNAPSHOTS, SHARES, WORK, CLAIMS)
