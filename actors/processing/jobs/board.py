"""Which jobs are open, and how far are they? The bucket WORK as this process knows it, read as it grows."""

from contextlib import suppress
from typing import Final

from msgspec import Struct
from nats.aio.client import Client

from actors.jetstream.direct_get import Entry
from actors.jetstream.entries import Entries, Overtaken, is_removed
from actors.processing.jobs.open_job import Done, Opened, OpenJob, Planned, Tried, decode, encode
from actors.processing.jobs.work import Job
from schemas.ids import JobId
from subjects import work
from subjects.buckets import WORK

SEEN_S: Final = 3600
"""So long the mark lasts that a job is closed; who was away longer reads everything again."""


class Begun(Struct, frozen=True):
    """A step was begun so `often`, this time included; `revision` is that of its entry."""

    often: int
    revision: int


class Board:
    """The open jobs. Every method but `job` raises what nats-py raises while NATS is away."""

    def __init__(self, nats: Client) -> None:
        self._nats = nats
        self._entries = Entries(nats, WORK)
        self._jobs: dict[str, OpenJob] = {}
        self._cursor = 0
        self._connections = -1

    @property
    def jobs(self) -> list[OpenJob]:
        """All that are open."""
        return list(self._jobs.values())

    def job(self, job_id: str) -> OpenJob | None:
        """One of them."""
        return self._jobs.get(job_id)

    async def refresh(self) -> None:
        """Read what is new."""
        if self._connections != self._nats.stats["reconnects"]:
            self._connections, self._cursor = self._nats.stats["reconnects"], 0
            self._jobs.clear()
        while page := await self._entries.page(self._cursor):
            for entry in page:
                await self._take(entry)
            self._cursor = page[-1].sequence

    async def open(self, job: Job, queued_at: float) -> None:
        """Somebody is to do it; what is done of it already stays done."""
        await self._entries.put(work.opened(job.id), encode(Opened(job, queued_at)))

    async def close(self, job_id: str, *, revision: int | None = None) -> None:
        """Nobody is to do it any more; with a `revision`, only if it is still the one that was opened then."""
        with suppress(Overtaken):
            await self._entries.remove(work.opened(job_id), seen_s=SEEN_S, last=revision)

    async def forget(self, job_id: str) -> None:
        """What came of its steps is of no use any more."""
        await self._entries.purge(work.steps(job_id))

    async def opened_of(self, recording_id: str) -> list[JobId]:
        """The open jobs of a recording, as the bucket has them."""
        entries = await self._entries.all(work.opened_of(recording_id))
        return [JobId(work.read(entry.subject).job_id) for entry in entries if not is_removed(entry)]

    async def forget_all(self, recording_id: str) -> None:
        """The same for all jobs of a recording."""
        await self._entries.purge(work.steps_of(recording_id))

    async def begin(self, job_id: str, step: str) -> Begun | None:
        """None when somebody else has done the step, or is at it."""
        key = work.step(job_id, step)
        entry = await self._entries.known(key)
        said = decode(entry.data) if entry else Tried()
        if not isinstance(said, Tried):
            return None
        try:
            last = entry.sequence if entry else 0
            return Begun(said.times + 1, await self._entries.put(key, encode(Tried(said.times + 1)), last=last))
        except Overtaken:
            return None

    async def say(self, job_id: str, step: str, said: Planned | Done) -> None:
        """A step is done."""
        await self._entries.put(work.step(job_id, step), encode(said))

    async def put_off(self, job_id: str, step: str, begun: Begun, said: Tried) -> None:
        """A step that was begun is not done, and nobody else has begun it since."""
        with suppress(Overtaken):
            await self._entries.put(work.step(job_id, step), encode(said), last=begun.revision)

    async def reset(self, job_id: str, step: str) -> None:
        """Whoever begins a step next begins it for the first time."""
        await self._entries.put(work.step(job_id, step), encode(Tried()))

    async def results(self, job: OpenJob) -> dict[str, bytes]:
        """What the units gave, by their names."""
        found = {}
        for entry in await self._entries.all(work.steps(job.job.id)):
            step, said = work.read(entry.subject).step, decode(entry.data)
            if step.isdecimal() and isinstance(said, Done):
                found[job.unit(step).name] = said.result
        return found

    async def _take(self, entry: Entry) -> None:
        key = work.read(entry.subject)
        if key.step:
            if (job := self._jobs.get(key.job_id)) and (said := decode(entry.data)):
                job.take(key.step, said)
        elif is_removed(entry):
            self._jobs.pop(key.job_id, None)
        elif isinstance(opened := decode(entry.data), Opened):
            self._jobs[key.job_id] = await self._with_steps(opened, entry.sequence)

    async def _with_steps(self, opened: Opened, revision: int) -> OpenJob:
        """A job may be opened again, after much of it was done."""
        job = OpenJob(opened.job, opened.queued_at, revision)
        for entry in await self._entries.all(work.steps(opened.job.id)):
            if said := decode(entry.data):
                job.take(work.read(entry.subject).step, said)
        return job
