"""What is a kind of work? Planned in units, each done once by whoever is free, then finished by one of them."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from schemas.ids import JobId, RecordingId, WorkspaceId
from schemas.processing import JobType, Settings


class Job(Struct, frozen=True):
    """What is to be done, as it was queued."""

    id: JobId
    recording_id: RecordingId
    workspace_id: WorkspaceId
    job_type: JobType
    input_path: str = ""
    output_path: str = ""
    settings: Settings = {}


class Unit(Struct, frozen=True):
    """A piece of a job that one worker does. `cost` is in any measure, the same for all units of all jobs of a kind.

    `name` is for whoever does it: a number, a path. A killed worker costs the unit it was at.
    """

    name: str
    cost: float = 1.0


class Work(Protocol):
    """One kind of work, by its job type. Whatever is done may be done again: by who takes over from a dead worker.

    All three raise Invalid (`Spoiled` of the sandbox is one) when it can never be done, which fails the job with that
    sentence; Unavailable, or what nats-py and obstore raise, while something is away, which is waited out. Anything
    else is tried again a few times. All three are cancelled when nobody wants the job any more.
    """

    async def plan(self, job: Job) -> Sequence[Unit]:
        """Its units; none when there is nothing to be done."""
        ...

    async def do(self, job: Job, unit: Unit) -> bytes:
        """What came of a unit, a few hundred bytes at most; what is large lies in storage by then."""
        ...

    async def finish(self, job: Job, results: Mapping[str, bytes]) -> None:
        """Put together what the units gave, by their names, and say so."""
        ...
