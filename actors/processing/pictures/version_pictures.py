"""Which job makes the pictures of a version? One of the kind `thumbnail`, with what the version keeps in its settings.

Poster and preview lie beside the version's own segments; thumbnails are those of the recording, where they are shown.
"""

import msgspec
from msgspec import Struct

from actors.processing.jobs.work import Job
from media.edits.edit_list import Keep, Range
from schemas.errors import Invalid
from schemas.ids import job_id
from schemas.processing import QueueJob, RecordingEdited, Settings
from subjects import objects


class Version(Struct, frozen=True):
    """In the settings of the job."""

    number: int
    keep: Keep


def version_pictures(event: RecordingEdited) -> QueueJob:
    """The job for a version that was just made."""
    path = objects.prefix(event.recording_id)
    keep = tuple(Range(one.begin_seconds, one.end_seconds) for one in event.keep)
    settings: Settings = msgspec.to_builtins(Version(event.edit_version, keep))
    name = job_id(event.recording_id, "thumbnail", f"version{event.edit_version}")
    output = path + objects.edit_path(event.edit_version)
    return QueueJob(name, event.recording_id, "thumbnail", path, output, settings)


def version_of(job: Job) -> Version | None:
    """The version whose pictures the job makes; None for all of the recording. Raises Invalid."""
    if not job.settings:
        return None
    try:
        return msgspec.convert(job.settings, Version)
    except msgspec.ValidationError as error:
        raise Invalid(f"There are no pictures with these settings: {error}") from error
