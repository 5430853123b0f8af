"""What is said about a recording while it happens, to those who listen right now."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.ids import JobId
from schemas.processing import JobStatus, JobType


class SourceMeasured(Struct, frozen=True):
    """What is told of a source, once a second, by the gateway or by who imports a file; on `subjects.live.source`."""

    state: Annotated[
        Literal["connected", "paused", "lost", "closed", "failed"],
        Meta(description="`lost`: it may come again; `closed`: the recording has ended; `failed`: it never arrived."),
    ]
    bitrate: Annotated[int, Meta(description="Bits per second.")] = 0
    fps: Annotated[float, Meta(description="Frames per second.")] = 0.0
    loss: Annotated[float, Meta(description="The share of packets that did not come, 0 to 1.")] = 0.0
    width: Annotated[int, Meta(description="Pixels; 0 while unknown.")] = 0
    height: Annotated[int, Meta(description="Pixels; 0 while unknown.")] = 0
    codec: Annotated[
        str, Meta(description="Of the picture as it is sent: H264, VP8, VP9 or AV1; empty without one.")
    ] = ""
    detail: Annotated[str, Meta(description="Why it is `lost`, `closed` or `failed`, for people.")] = ""
    progress: Annotated[int | None, Meta(description="Of a file that is imported: percent.")] = None


class JobProgress(Struct, frozen=True):
    """How far a job of the recording is; on `subjects.live.progress`, at least every second while it is worked at."""

    job_id: JobId
    job_type: JobType
    status: JobStatus
    progress: Annotated[int, Meta(ge=0, le=100, description="Percent of its work that is done.")]


class Deleted(Struct, frozen=True):
    """The recording was deleted; nothing follows."""


class Watched(Struct, frozen=True):
    """How many are watching the recording at this moment."""

    count: Annotated[int | None, Meta(description="Viewers, over all processes; null while nobody can count them.")]


class SpaceTold(Struct, frozen=True):
    """How much room a process sees where log and objects are kept; on `subjects.beacons.SPACE`."""

    by: str
    level: Literal["enough", "low", "full"]
    says: Annotated[str, Meta(description="A sentence for people; empty when there is enough.")] = ""
