"""What has happened to a job? Its story, told by whoever asks for it and by whoever works at it."""

from datetime import UTC, datetime
from typing import Any

from nats.aio.client import Client

from actors.processing.jobs import decider
from actors.processing.jobs.decider import Absent, Present, State
from actors.processing.jobs.work import Job
from actors.runtime import tracing
from actors.sourcing.store import Choose, EventStore
from schemas.envelope import NOBODY, Caller
from schemas.errors import NotFound
from schemas.ids import JobId
from schemas.processing import CancelJob, JobQueued, QueueJob, RetryJob


class Stories:
    """The stories of jobs. Every method raises Unavailable while the event store is away."""

    def __init__(self, nats: Client) -> None:
        self._store: EventStore[Any] = EventStore(nats, "processing", Absent(), decider.evolve)

    async def state(self, job_id: JobId) -> State:
        """How it is now."""
        state: State = (await self._store.load(job_id)).state
        return state

    async def get(self, job_id: JobId, caller: Caller) -> Present:
        """How a job of the caller's workspace is now. Raises NotFound."""
        return _seen(await self.state(job_id), caller)

    async def queue(self, said: QueueJob, caller: Caller) -> Present:
        """Leave it for whoever is free."""
        paths = (said.input_path, said.output_path)
        words = (said.job_id, said.recording_id, caller.workspace_id, said.job_type, *paths, said.settings)
        queued = JobQueued(*words, _now())
        state = await self._store.decide(said.job_id, caller, lambda state: decider.queue(queued, state))
        return decider.present(state)

    async def decide(self, said: RetryJob | CancelJob, caller: Caller) -> Present:
        """What somebody wishes of a job of his workspace. Raises NotFound or Conflict."""
        state = await self._store.decide(
            said.job_id, caller, lambda state: decider.decide(said, _seen(state, caller), _now())
        )
        return decider.present(state)

    async def drop(self, job_id: JobId) -> None:
        """Its recording is deleted."""
        await self._store.decide(job_id, NOBODY, _dropped)

    async def start(self, job: Job) -> None:
        """Somebody has begun to work at it."""
        await self._say(job, lambda state: decider.start(state, _now()))

    async def progress(self, job: Job, percent: int) -> None:
        """So much of it is done."""
        await self._say(job, lambda state: decider.progress(state, percent, _now()))

    async def complete(self, job: Job) -> None:
        """It is done."""
        await self._say(job, lambda state: decider.complete(state, _now()))

    async def fail(self, job: Job, error_message: str) -> None:
        """It is given up."""
        await self._say(job, lambda state: decider.fail(state, error_message, _now()))

    async def _say(self, job: Job, choose: Choose[State]) -> None:
        await self._store.decide(job.id, on_behalf_of(job), choose)


def on_behalf_of(job: Job) -> Caller:
    """Work on a job belongs to its workspace, and to the trace of its recording."""
    return Caller(workspace_id=job.workspace_id, trace=tracing.of(job.recording_id))


def _dropped(state: State) -> list[decider.Event]:
    if isinstance(state, decider.Queued | decider.Processing):
        return decider.cancel(state, _now(), "deleted")
    return []


def _seen(state: State, caller: Caller) -> Present:
    """Other workspaces' jobs are not there."""
    there = decider.present(state)
    if there.said.workspace_id != caller.workspace_id:
        raise NotFound("There is no such job.")
    return there


def _now() -> datetime:
    return datetime.now(UTC)
