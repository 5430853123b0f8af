"""What is known of a file that somebody sends in pieces; kept beside them in storage, no message."""

from datetime import datetime

from msgspec import Struct

from schemas.ids import RecordingId


class Upload(Struct, frozen=True):
    """A file on its way; once it is whole it becomes the recording of the same id."""

    id: RecordingId
    length: int
    name: str
    media_type: str
    created_at: datetime
