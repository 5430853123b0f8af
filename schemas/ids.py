"""What identifies things: opaque, unguessable, safe in a subject, a URL and a file name."""

import secrets
import string
from typing import Final, NewType

RecordingId = NewType("RecordingId", str)
TemplateId = NewType("TemplateId", str)
JobId = NewType("JobId", str)
UserId = NewType("UserId", str)
WorkspaceId = NewType("WorkspaceId", str)

ALPHABET: Final = string.digits + string.ascii_letters
LENGTH: Final = 22  # log2(62**22) = 131 bits: a link is a capability

LOCAL_USER: Final = UserId("local")
"""Who owns everything until sign-in exists."""
LOCAL_WORKSPACE: Final = WorkspaceId("local")


def new_id() -> str:
    """A fresh identifier of 131 random bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def is_id(text: str) -> bool:
    """Whether `text` could have come from `new_id`."""
    return len(text) == LENGTH and text.isascii() and text.isalnum()


def job_id(recording_id: RecordingId, job_type: str, detail: str = "") -> JobId:
    """The id of that job of a recording, always the same: queued twice, it is one job."""
    return JobId("-".join(part for part in (recording_id, job_type, detail) if part))
