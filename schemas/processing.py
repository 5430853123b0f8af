"""What is said about work on picture and sound."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from schemas.ids import LENGTH, JobId, RecordingId, WorkspaceId
from schemas.message import Command, Event, Job, Query

JobType = Literal["transcode", "thumbnail", "optimize", "analyze"]
JobStatus = Literal["queued", "processing", "completed", "failed"]
Settings = dict[str, Any]
Moment = Annotated[datetime, Meta(tz=True)]
JOB_ID = rf"^[0-9A-Za-z]{{{LENGTH}}}-[0-9A-Za-z_-]{{1,100}}$"
Seconds = Annotated[float, Meta(ge=0)]
KnownJobId = Annotated[JobId, Meta(pattern=JOB_ID)]


# --- views -----------------------------------------------------------------------------------------------------------


class KeptRange(Struct, frozen=True):
    """What is kept, in seconds from the beginning of the recording as it was made."""

    begin_seconds: Seconds
    end_seconds: Seconds


class EditVersion(Struct, frozen=True):
    """One version of a recording; all of them stay."""

    version: Annotated[int, Meta(description="1, 2, …; 0 is the recording as it was made.")]
    based_on: Annotated[int, Meta(description="The version that undoing it leads to.")]
    keep: list[KeptRange]
    duration_seconds: float
    made_at: Moment


class EditsView(Struct, frozen=True):
    """How a recording was edited."""

    recording_id: RecordingId
    current: Annotated[int, Meta(description="The version that viewers see; 0: all of it.")]
    versions: list[EditVersion]
    can_undo: bool
    can_redo: bool


class ComposedRecordings(Struct, frozen=True):
    """Recordings that were made of others; each is `completed` a moment later."""

    recordings: list[RecordingId]


class JobView(Struct, frozen=True):
    """A job as whoever waits for it sees it."""

    id: JobId
    recording_id: RecordingId
    workspace_id: WorkspaceId
    job_type: JobType
    status: JobStatus
    progress: Annotated[int, Meta(ge=0, le=100, description="Percent of its work that is done.")]
    input_path: Annotated[str, Meta(description="Where in storage what it works on begins.")]
    output_path: Annotated[str, Meta(description="Where in storage what it makes begins.")]
    settings: Settings
    created_at: Moment
    error_message: Annotated[str | None, Meta(description="Why it `failed`, for people.")] = None
    started_at: Annotated[Moment | None, Meta(description="When somebody began to work at it.")] = None
    completed_at: Annotated[Moment | None, Meta(description="When it ended, well or not.")] = None


class JobPage(Struct, frozen=True):
    """One page of a list, newest first; `next_cursor` is empty at the end."""

    jobs: list[JobView]
    next_cursor: str = ""


class VideoMetadata(Struct, frozen=True):
    """What was measured of a recording's media; picture is null for sound alone."""

    recording_id: RecordingId
    file_path: Annotated[str, Meta(description="Where in storage its objects begin.")]
    file_size_bytes: int
    duration_seconds: float
    width: Annotated[int | None, Meta(description="Pixels.")]
    height: Annotated[int | None, Meta(description="Pixels.")]
    frame_rate: Annotated[float | None, Meta(description="Frames per second, on average.")]
    bitrate: Annotated[int, Meta(description="Bits per second, on average.")]
    codec: Annotated[str, Meta(description="RFC 6381, such as `avc1.42c01f,opus`.")]
    format: Annotated[str, Meta(description="The container, such as `fmp4`.")]
    measured_at: Moment


# --- commands --------------------------------------------------------------------------------------------------------


class QueueJob(Command[JobView], frozen=True):
    """Leave a job for whoever is free; one that is known already changes nothing. `schemas.ids.job_id` makes its id."""

    job_id: KnownJobId
    recording_id: RecordingId
    job_type: JobType
    input_path: str = ""
    output_path: str = ""
    settings: Settings = {}


class RetryJob(Command[JobView], frozen=True):
    """Do what is missing of a job that failed."""

    job_id: KnownJobId


class CancelJob(Command[JobView], frozen=True):
    """Stop a job, wherever it is worked at; it has then failed, and can be retried."""

    job_id: KnownJobId


# --- queries ---------------------------------------------------------------------------------------------------------


class GetJob(Query[JobView], frozen=True):
    """One job, as its events tell it. NotFound when there is none."""

    job_id: KnownJobId


class ListJobs(Query[JobPage], frozen=True):
    """The jobs of the caller's workspace, newest first."""

    recording_id: RecordingId | None = None
    status: JobStatus | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 25
    cursor: str = ""


class GetMetadata(Query[VideoMetadata], frozen=True):
    """What was measured of a recording. NotFound until it was."""

    recording_id: RecordingId


# --- jobs ------------------------------------------------------------------------------------------------------------


class MakePoster(Job, frozen=True):
    """A picture that stands for a stopped recording, if there is still none worth showing."""

    recording_id: RecordingId


# --- events ----------------------------------------------------------------------------------------------------------


class PosterMade(Event, frozen=True):
    """There is a picture, or there is nothing to make one of."""

    recording_id: RecordingId
    at: datetime


class RenditionMade(Event, frozen=True):
    """The recording can be watched in one more size, from its beginning to its end."""

    recording_id: RecordingId
    rendition: str
    at: datetime


class JobQueued(Event, frozen=True):
    """A job waits for whoever is free."""

    job_id: JobId
    recording_id: RecordingId
    workspace_id: WorkspaceId
    job_type: JobType
    input_path: str
    output_path: str
    settings: Settings
    at: datetime


class JobStarted(Event, frozen=True):
    """Somebody has begun to work at it."""

    job_id: JobId
    recording_id: RecordingId
    at: datetime


class JobProgressed(Event, frozen=True):
    """So many percent of its work are done; said a few times in the life of a job."""

    job_id: JobId
    recording_id: RecordingId
    progress: int
    at: datetime


class JobCompleted(Event, frozen=True):
    """What it was to make is there."""

    job_id: JobId
    recording_id: RecordingId
    at: datetime


class JobFailed(Event, frozen=True):
    """It was given up; what is done of it is kept."""

    job_id: JobId
    recording_id: RecordingId
    error_message: str
    at: datetime


class JobRetried(Event, frozen=True):
    """What is missing of a failed job waits again."""

    job_id: JobId
    recording_id: RecordingId
    at: datetime


class JobCancelled(Event, frozen=True):
    """Nobody wants it any more."""

    job_id: JobId
    recording_id: RecordingId
    reason: Literal["asked", "deleted"]
    at: datetime


class MetadataMeasured(Event, frozen=True):
    """The media of a recording was looked at."""

    recording_id: RecordingId
    file_path: str
    file_size_bytes: int
    duration_seconds: float
    width: int | None
    height: int | None
    frame_rate: float | None
    bitrate: int
    codec: str
    format: str
    at: datetime


class RecordingForgotten(Event, frozen=True):
    """The recording is deleted; nothing is kept about work on it."""

    recording_id: RecordingId
    at: datetime


# --- edits -----------------------------------------------------------------------------------------------------------


class EditRecording(Command[EditsView], frozen=True):
    """Show these ranges only, one behind the other; a further version, based on the one that is shown."""

    recording_id: RecordingId
    keep: list[KeptRange]


class UndoEdit(Command[EditsView], frozen=True):
    """Show what the version was based on."""

    recording_id: RecordingId


class RedoEdit(Command[EditsView], frozen=True):
    """Show the newest version that is based on the one that is shown."""

    recording_id: RecordingId


class GetEdits(Query[EditsView], frozen=True):
    """All versions."""

    recording_id: RecordingId


class SplitRecording(Command[ComposedRecordings], frozen=True):
    """Make two of one, as it is shown; it stays as it is. The new ids come with the wish, so that it has one effect."""

    recording_id: RecordingId
    at_seconds: Seconds
    first_id: RecordingId
    second_id: RecordingId


class StitchRecordings(Command[ComposedRecordings], frozen=True):
    """Make one of several, as they are shown, in this order; `recording_id` is that of the new one."""

    recording_id: RecordingId
    parts: Annotated[list[RecordingId], Meta(min_length=2, max_length=50)]
    title: Annotated[str, Meta(max_length=200)] = ""


class RecordingComposed(Event, frozen=True):
    """It was put together of others."""

    recording_id: RecordingId
    parts: list[RecordingId]
    at: datetime


class RecordingEdited(Event, frozen=True):
    """There is a further version, and it is shown."""

    recording_id: RecordingId
    edit_version: int
    based_on: int
    keep: list[KeptRange]
    duration_seconds: float
    at: datetime


class EditChosen(Event, frozen=True):
    """Another version is shown: an edit was undone, or done again."""

    recording_id: RecordingId
    edit_version: int
    at: datetime
