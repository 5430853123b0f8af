"""What is said to the archive."""

from typing import Literal

from msgspec import Struct

from schemas.ids import RecordingId
from schemas.message import Command


class MediaView(Struct, frozen=True):
    """A recording's picture and sound, as the log has them."""

    recording_id: RecordingId
    ended: bool


class EndMedia(Command[MediaView], frozen=True):
    """See to it that the log of a stopped recording ends: its gateway says so itself, unless it is dead."""

    recording_id: RecordingId
    reason: Literal["stopped", "abandoned"] = "stopped"
