"""Which rows do the processing service's events make? Jobs and metadata; position and rows commit together."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from actors.processing.jobs.decider import CANCELLED
from actors.sourcing.projection import Projection, Statement
from actors.sourcing.sql import queries
from schemas.message import Event
from schemas.processing import (
    JobCancelled,
    JobCompleted,
    JobFailed,
    JobProgressed,
    JobQueued,
    JobRetried,
    JobStarted,
    MetadataMeasured,
    RecordingForgotten,
)

SQL: Final = queries(Path(__file__).with_name("queries.sql"))


def rows(event: Event) -> Iterator[Statement]:  # noqa: C901  one case an event
    """The statements of one event."""
    match event:
        case JobQueued(job_id=i, at=at):
            words = (event.recording_id, event.workspace_id, event.job_type, event.input_path, event.output_path)
            yield SQL["insert_job"], (i, *words, msgspec.json.encode(event.settings).decode(), at)
        case JobStarted(job_id=i, at=at):
            yield SQL["set_started"], (i, at)
        case JobProgressed(job_id=i, progress=percent):
            yield SQL["set_progress"], (i, percent)
        case JobCompleted(job_id=i, at=at):
            yield SQL["set_completed"], (i, at)
        case JobFailed(job_id=i, error_message=why, at=at):
            yield SQL["set_failed"], (i, why, at)
        case JobCancelled(job_id=i, reason="deleted"):
            yield SQL["delete_job"], (i,)
        case JobCancelled(job_id=i, at=at):
            yield SQL["set_failed"], (i, CANCELLED, at)
        case JobRetried(job_id=i):
            yield SQL["set_queued"], (i,)
        case MetadataMeasured():
            yield _measured(event)
        case RecordingForgotten(recording_id=i):
            yield SQL["delete_jobs"], (i,)
            yield SQL["delete_metadata"], (i,)


def _measured(event: MetadataMeasured) -> Statement:
    size = (event.file_size_bytes, event.duration_seconds, event.width, event.height, event.frame_rate)
    kind = (event.bitrate, event.codec, event.format)
    return SQL["upsert_metadata"], (event.recording_id, event.file_path, *size, *kind, event.at)


def key(event: Event) -> str:
    """Recordings are independent of each other."""
    return str(getattr(event, "recording_id", ""))


PROJECTION: Final = Projection("processing", ("processing_jobs", "video_metadata"), rows, key)
