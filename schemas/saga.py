"""What is said about a saga: a process manager's own story, from the event that begins it to its end."""

from datetime import datetime
from typing import Literal

from schemas.message import Event


class SagaBegun(Event, frozen=True):
    """An event has called for it."""

    saga_id: str
    saga: str
    entity_id: str
    at: datetime


class StepDone(Event, frozen=True):
    """A step has had its effect."""

    saga_id: str
    step: str
    at: datetime


class StepFailed(Event, frozen=True):
    """A step was refused or tried too often; if it can be done without, the saga goes on."""

    saga_id: str
    step: str
    why: str
    optional: bool
    at: datetime


class StepUndone(Event, frozen=True):
    """The effect of a step was taken back, because a later one failed."""

    saga_id: str
    step: str
    at: datetime


class SagaEnded(Event, frozen=True):
    """Nothing more will follow."""

    saga_id: str
    outcome: Literal["completed", "failed"]
    at: datetime
