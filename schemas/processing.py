"""What is said about work on picture and sound."""

from datetime import datetime

from schemas.ids import RecordingId
from schemas.message import Event, Job


class MakePoster(Job, frozen=True):
    """A picture that stands for a stopped recording, if there is still none worth showing."""

    recording_id: RecordingId


class PosterMade(Event, frozen=True):
    """There is a picture, or there is nothing to make one of."""

    recording_id: RecordingId
    at: datetime
