"""What is said about files that become recordings."""

from schemas.ids import RecordingId
from schemas.message import Job


class ImportFile(Job, frozen=True):
    """An upload is whole: make the recording of the same id of it."""

    recording_id: RecordingId
