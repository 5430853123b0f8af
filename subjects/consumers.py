"""The durable consumers, each with its reason. Ephemeral ones (an edge's window, a CLI's tail) are made where used."""

from typing import Final

from msgspec import Struct

from subjects import media
from subjects.streams import EVENTS, MEDIA


class Consumer(Struct, frozen=True):
    """A JetStream pull consumer with explicit acknowledgement, shared by all processes of a service."""

    name: str
    stream: str
    filters: tuple[str, ...]
    reason: str
    ack_wait_s: float = 30
    max_deliver: int = 8
    max_ack_pending: int = 1_000
    headers_only: bool = False  # the reader fetches payloads from the log itself


ARCHIVER: Final = Consumer(
    name="archiver",
    stream=MEDIA.name,
    filters=(media.every(),),
    reason="Segments go to storage; a message is acknowledged once its segment is stored.",
    ack_wait_s=60,
    max_deliver=-1,
    max_ack_pending=100_000,
    headers_only=True,
)
AAC: Final = Consumer(
    name="aac",
    stream=MEDIA.name,
    filters=("loom.media.*.audio.*", "loom.media.*.all.end"),
    reason="Opus becomes AAC for players without Opus.",
    ack_wait_s=30,
    max_deliver=-1,
    max_ack_pending=10_000,
    headers_only=True,
)


def of_service(service: str, filters: tuple[str, ...]) -> Consumer:
    """The consumer behind the `@on` handlers of a service; its filters are the events they name."""
    return Consumer(name=service, stream=EVENTS.name, filters=filters, reason=f"Events that {service} reacts to.")


ALL: Final = (ARCHIVER, AAC)
