"""loom.job.<kind>.<entity id>: stream JOBS, a work queue; `MakePoster` is of the kind `make_poster`."""

from schemas.message import Job
from subjects.tokens import name_of, token


def of(said: type[Job], entity_id: str) -> str:
    """Where a job waits for somebody to do it."""
    return f"loom.job.{name_of(said)}.{token(entity_id)}"


def every(said: type[Job]) -> str:
    """All jobs of that kind."""
    return f"loom.job.{name_of(said)}.*"


def about(entity_id: str) -> str:
    """All jobs for one entity."""
    return f"loom.job.*.{token(entity_id)}"


def kind_of(subject: str) -> str:
    """The kind in a job's subject."""
    return subject.split(".")[2]
