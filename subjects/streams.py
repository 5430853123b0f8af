"""The streams, each with its reason; `ops/provision.py` makes them, idempotently, at every start."""

from typing import Final

from msgspec import Struct


class Stream(Struct, frozen=True):
    """A JetStream stream in files; what does not fit is refused, not lost."""

    name: str
    subjects: tuple[str, ...]
    reason: str
    duplicate_window_s: int = 120
    allow_purge: bool = True
    allow_atomic: bool = False  # several messages or none (ADR-50)
    work_queue: bool = False  # a message goes when it is acknowledged


EVENTS: Final = Stream(
    name="EVENTS",
    subjects=("loom.evt.>",),
    reason="What has happened, for ever: the source of truth; every table is rebuilt from it.",
    allow_purge=False,
    allow_atomic=True,
)
JOBS: Final = Stream(
    name="JOBS",
    subjects=("loom.job.>",),
    reason="Work that waits for somebody to do it; gone once it is done.",
    work_queue=True,
)
MEDIA: Final = Stream(
    name="MEDIA",
    subjects=("loom.media.>",),
    reason="Picture and sound as they were received; purged per recording once all of it is in storage.",
)
RAW: Final = Stream(
    name="RAW",
    subjects=("loom.raw.>",),
    reason="What browsers without H.264 sent, until a worker has made H.264 of it; purged together with MEDIA.",
)
DLQ: Final = Stream(
    name="DLQ",
    subjects=("loom.dlq.>",),
    reason="What no handler could take, with why, for a person to look at.",
)

ALL: Final = (EVENTS, JOBS, MEDIA, RAW, DLQ)
