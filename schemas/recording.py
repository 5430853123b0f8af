"""What is said about a recording: commands, queries, events, views."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from schemas.ids import RecordingId, TemplateId, UserId, WorkspaceId
from schemas.message import Command, Event, Query

Title = Annotated[str, Meta(max_length=200)]
Description = Annotated[str, Meta(max_length=5000)]
Settings = dict[str, Any]
Moment = Annotated[datetime, Meta(tz=True)]

RecordingType = Literal["screen", "webcam", "screen_webcam", "import"]
StopReason = Literal["stopped", "abandoned"]


class Status(StrEnum):
    """Where a recording is in its life; the states of `recording_sessions.status`."""

    PREPARING = "preparing"
    RECORDING = "recording"
    PAUSED = "paused"  # in the view only; the table says `recording`
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


# --- views -----------------------------------------------------------------------------------------------------------


class RecordingView(Struct, frozen=True):
    """A recording as its owner and its viewers see it."""

    id: RecordingId
    user_id: UserId
    workspace_id: WorkspaceId
    title: str
    description: str
    recording_type: RecordingType
    status: Status
    settings: Settings
    created_at: Moment
    updated_at: Moment
    started_at: Annotated[Moment | None, Meta(description="When its first source connected.")] = None
    ended_at: Annotated[Moment | None, Meta(description="When it was stopped.")] = None
    duration_seconds: Annotated[float | None, Meta(description="Without pauses; known once `completed`.")] = None
    file_size_bytes: Annotated[int | None, Meta(description="In storage; known once `completed`.")] = None
    failure_reason: Annotated[str | None, Meta(description="Why it `failed`, for people.")] = None


class RecordingPage(Struct, frozen=True):
    """One page of a list, newest first; `next_cursor` is empty at the end."""

    recordings: list[RecordingView]
    next_cursor: str = ""


class TemplateView(Struct, frozen=True):
    """A named set of recording settings."""

    id: TemplateId
    user_id: UserId
    name: str
    description: str
    settings: Settings
    is_default: bool


class TemplateList(Struct, frozen=True):
    """Every template of the caller."""

    templates: list[TemplateView]


# --- commands --------------------------------------------------------------------------------------------------------


class StartRecording(Command[RecordingView], frozen=True):
    """Begin; the link is valid from the answer on."""

    recording_id: RecordingId
    title: Title = ""
    description: Description = ""
    recording_type: RecordingType = "screen"
    settings: Settings = {}


class ConnectSource(Command[RecordingView], frozen=True):
    """A source (a WHIP session) is about to send, says the gateway; the first one starts the clock."""

    recording_id: RecordingId


class PauseRecording(Command[RecordingView], frozen=True):
    """Until resumed nothing that arrives is part of the recording."""

    recording_id: RecordingId


class ResumeRecording(Command[RecordingView], frozen=True):
    """Go on after a pause."""

    recording_id: RecordingId


class StopRecording(Command[RecordingView], frozen=True):
    """End; what the log holds is the recording. A second stop is the same wish, not an error."""

    recording_id: RecordingId
    reason: StopReason = "stopped"


class CompleteRecording(Command[RecordingView], frozen=True):
    """All of it is in storage; said by the archiver."""

    recording_id: RecordingId
    duration_seconds: float
    file_size_bytes: int
    stretches: list["Stretch"]


class FailRecording(Command[RecordingView], frozen=True):
    """Nothing will come of it, says who imports it; `reason` is for people."""

    recording_id: RecordingId
    reason: Annotated[str, Meta(max_length=1000)]


class UpdateRecording(Command[RecordingView], frozen=True):
    """Change title or description; `None` leaves it as it is."""

    recording_id: RecordingId
    title: Title | None = None
    description: Description | None = None


class DeleteRecording(Command[RecordingView], frozen=True):
    """Remove it for good: the link dies, the objects go."""

    recording_id: RecordingId


class SaveTemplate(Command[TemplateView], frozen=True):
    """Keep a named set of settings; a default one replaces the default before it."""

    template_id: TemplateId
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    description: Description = ""
    settings: Settings = {}
    is_default: bool = False


class Stretch(Struct, frozen=True):
    """What was recorded between two pauses; `recording_segments` has a row for each."""

    number: int
    started_at: datetime
    ended_at: datetime
    duration_seconds: float
    file_path: str


# --- queries ---------------------------------------------------------------------------------------------------------


class GetRecording(Query[RecordingView], frozen=True):
    """One recording, as its events tell it. NotFound when there is none, Gone when it was deleted."""

    recording_id: RecordingId


class ListRecordings(Query[RecordingPage], frozen=True):
    """The caller's recordings, newest first."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 25
    cursor: str = ""


class EndedRecordings(Struct, frozen=True):
    """Recordings that have ended, the oldest first."""

    recording_ids: list[RecordingId]


class ListEnded(Query[EndedRecordings], frozen=True):
    """Recordings of a workspace that ended before then: complete or failed, never one that may still change."""

    workspace_id: WorkspaceId
    before: datetime
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class ListTemplates(Query[TemplateList], frozen=True):
    """The caller's templates."""


# --- events ----------------------------------------------------------------------------------------------------------


class RecordingPrepared(Event, frozen=True):
    """The link exists; nothing has been sent yet."""

    recording_id: RecordingId
    user_id: UserId
    workspace_id: WorkspaceId
    title: str
    description: str
    recording_type: RecordingType
    settings: Settings
    at: datetime


class RecordingStarted(Event, frozen=True):
    """The first source connected."""

    recording_id: RecordingId
    at: datetime


class RecordingPaused(Event, frozen=True):
    """What arrives from here on is dropped."""

    recording_id: RecordingId
    at: datetime


class RecordingResumed(Event, frozen=True):
    """What arrives from here on counts again."""

    recording_id: RecordingId
    at: datetime


class RecordingStopped(Event, frozen=True):
    """No source may connect any more."""

    recording_id: RecordingId
    at: datetime
    reason: StopReason = "stopped"


class RecordingCompleted(Event, frozen=True):
    """All of it is in storage."""

    recording_id: RecordingId
    at: datetime
    duration_seconds: float
    file_size_bytes: int
    stretches: list[Stretch]


class RecordingFailed(Event, frozen=True):
    """It ended with nothing to be watched; `reason` is for people."""

    recording_id: RecordingId
    at: datetime
    reason: str


class RecordingUpdated(Event, frozen=True):
    """Title or description are new."""

    recording_id: RecordingId
    title: str
    description: str
    at: datetime


class RecordingDeleted(Event, frozen=True):
    """The link is dead; objects and media follow."""

    recording_id: RecordingId
    at: datetime


class TemplateSaved(Event, frozen=True):
    """A named set of settings was kept."""

    template_id: TemplateId
    user_id: UserId
    name: str
    description: str
    settings: Settings
    is_default: bool
    at: datetime
