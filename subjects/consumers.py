"""The durable consumers, each with its reason. Ephemeral ones (an edge's window, a CLI's tail) are made where used."""

from typing import Final

from msgspec import Struct

from schemas.message import Job
from subjects import jobs, media
from subjects.streams import JOBS, MEDIA, RAW
from subjects.tokens import name_of


class Consumer(Struct, frozen=True):
    """A JetStream pull consumer with explicit acknowledgement, shared by all processes of a service."""

    name: str
    stream: str
    filters: tuple[str, ...]
    reason: str
    ack_wait_s: float = 30
    max_ack_pending: int = 1_000
    headers_only: bool = False  # the reader fetches payloads from the log itself


ARCHIVER: Final = Consumer(
    name="archiver",
    stream=MEDIA.name,
    filters=(media.every(),),
    reason="Segments go to storage; a message is acknowledged once its segment is stored.",
    ack_wait_s=60,
    max_ack_pending=100_000,
    headers_only=True,
)
AAC: Final = Consumer(
    name="aac",
    stream=MEDIA.name,
    filters=("loom.media.*.audio.*", "loom.media.*.all.end"),
    reason="Opus becomes AAC for players without Opus.",
    ack_wait_s=30,
    max_ack_pending=10_000,
    headers_only=True,
)
FALLBACK: Final = Consumer(
    name="fallback",
    stream=RAW.name,
    filters=RAW.subjects,
    reason="VP8, VP9 and AV1 become H.264; a message is acknowledged when what is made of it is in MEDIA.",
    ack_wait_s=15,
    max_ack_pending=10_000,
    headers_only=True,
)


def of_job(said: type[Job]) -> Consumer:
    """The consumer behind a `@job` handler; a worker that is at it says so, so that a dead one is noticed soon."""
    kind = name_of(said)
    return Consumer(
        name=f"job-{kind}",
        stream=JOBS.name,
        filters=(jobs.every(said),),
        reason=f"Workers of the kind {kind}.",
        ack_wait_s=10,
    )


ALL: Final = (ARCHIVER, AAC, FALLBACK)
