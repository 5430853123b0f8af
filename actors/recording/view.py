"""How does a recording look from outside? Its state as a view."""

from datetime import datetime
from typing import Final

from actors.recording.decider import Completed, Failed, Paused, Preparing, Present, Processing, Recording
from schemas.recording import RecordingView, Status

_STATUS: Final[dict[type, Status]] = {
    Preparing: Status.PREPARING,
    Recording: Status.RECORDING,
    Paused: Status.PAUSED,
    Processing: Status.PROCESSING,
    Completed: Status.COMPLETED,
    Failed: Status.FAILED,
}


def of(state: Present) -> RecordingView:
    """What is said of a recording in this state."""
    said = state.said
    started_at: datetime | None = getattr(state, "started_at", None)
    return RecordingView(
        id=said.recording_id,
        user_id=said.user_id,
        workspace_id=said.workspace_id,
        title=said.title,
        description=said.description,
        recording_type=said.recording_type,
        status=_STATUS[type(state)],
        settings=said.settings,
        created_at=said.at,
        updated_at=state.updated_at,
        started_at=started_at,
        ended_at=state.ended_at if isinstance(state, Processing | Completed | Failed) else None,
        duration_seconds=state.duration_seconds if isinstance(state, Completed) else None,
        file_size_bytes=state.file_size_bytes if isinstance(state, Completed) else None,
        failure_reason=state.reason if isinstance(state, Failed) else None,
    )
