"""What is said to the archive, and of how long it keeps recordings."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.ids import RecordingId, WorkspaceId
from schemas.message import Command, Event, Query

Days = Annotated[int, Meta(ge=1, le=36_500)]


class MediaView(Struct, frozen=True):
    """A recording's picture and sound, as the log has them."""

    recording_id: RecordingId
    ended: bool


class EndMedia(Command[MediaView], frozen=True):
    """See to it that the log of a stopped recording ends: its gateway says so itself, unless it is dead."""

    recording_id: RecordingId
    reason: Literal["stopped", "abandoned"] = "stopped"


class RetentionView(Struct, frozen=True):
    """How long a workspace keeps its recordings."""

    workspace_id: WorkspaceId
    keep_days: Annotated[
        Days | None, Meta(description="A recording is deleted so many days after it ended; null: it is kept for ever.")
    ] = None


class SetRetention(Command[RetentionView], frozen=True):
    """Keep recordings of a workspace for so many days after their end; None is for ever."""

    workspace_id: WorkspaceId
    keep_days: Days | None = None


class GetRetention(Query[RetentionView], frozen=True):
    """How long a workspace keeps its recordings."""

    workspace_id: WorkspaceId


class RetentionSet(Event, frozen=True):
    """From now on a workspace keeps its recordings for so many days after their end."""

    workspace_id: WorkspaceId
    keep_days: int | None
    at: datetime
