"""Keys of the buckets WORK and CLAIMS: `<recording>.<job>.open`, and `<recording>.<job>.step.<step>` in both.

A job's id begins with its recording's, so all work on a recording lies together.
"""

from typing import Final, NamedTuple

from subjects.tokens import token

OPEN: Final = "open"
PLAN: Final = "plan"
FINISH: Final = "finish"
"""The steps of a job: its plan, then a number for each unit, then its finish."""


class Key(NamedTuple):
    """What stands under a key: `step` is empty for the job itself."""

    job_id: str
    step: str = ""


def opened(job_id: str) -> str:
    """Where an open job stands."""
    return f"{_job(job_id)}.{OPEN}"


def step(job_id: str, name: str) -> str:
    """Where what became of a step stands, and the claim of whoever is at it."""
    return f"{_job(job_id)}.step.{token(name)}"


def steps(job_id: str) -> str:
    """All steps of a job."""
    return f"{_job(job_id)}.step.*"


def opened_of(recording_id: str) -> str:
    """The open jobs of a recording."""
    return f"{token(recording_id)}.*.{OPEN}"


def steps_of(recording_id: str) -> str:
    """The steps of all jobs of a recording."""
    return f"{token(recording_id)}.*.step.*"


def read(subject: str) -> Key:
    """The key in an entry's subject."""
    _, _, recording_id, job, *rest = subject.split(".")
    return Key(f"{recording_id}-{job}", "" if rest == [OPEN] else rest[-1])


def _job(job_id: str) -> str:
    recording_id, _, rest = job_id.partition("-")
    return f"{token(recording_id)}.{token(rest)}"
