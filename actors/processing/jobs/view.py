"""How does a job look from outside? Its state as a view."""

from typing import Final

from actors.processing.jobs.decider import Completed, Failed, Present, Processing, Queued
from schemas.processing import JobStatus, JobView

DONE: Final = 100
STATUS: Final[dict[type, JobStatus]] = {
    Queued: "queued",
    Processing: "processing",
    Completed: "completed",
    Failed: "failed",
}


def of(state: Present, progress: int = 0) -> JobView:
    """What is said of a job in this state; `progress` is how far it is known to be by now."""
    said = state.said
    return JobView(
        id=said.job_id,
        recording_id=said.recording_id,
        workspace_id=said.workspace_id,
        job_type=said.job_type,
        status=STATUS[type(state)],
        progress=DONE if isinstance(state, Completed) else max(progress, state.progress),
        input_path=said.input_path,
        output_path=said.output_path,
        settings=said.settings,
        created_at=said.at,
        error_message=state.error_message if isinstance(state, Failed) else None,
        started_at=None if isinstance(state, Queued) else state.started_at,
        completed_at=state.completed_at if isinstance(state, Completed | Failed) else None,
    )
