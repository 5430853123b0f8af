"""How is a step of a job done? Chosen, claimed, begun, done, told; as many at a time as there are slots.

Any number of processes do this side by side, and each may be killed at any moment: a step that was begun and not done
is done by whoever comes next, at most `ATTEMPTS` times. What does not want to be done fails its job, and no other.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Any, Final

import nats.errors
import structlog
from nats.aio.client import Client
from nats.js.errors import APIError
from obstore.exceptions import BaseError

from actors.jetstream.tasks import ended
from actors.processing.jobs import policy, progress
from actors.processing.jobs.board import Begun, Board
from actors.processing.jobs.claims import Claims
from actors.processing.jobs.decider import STEP
from actors.processing.jobs.open_job import Done, OpenJob, Planned, Tried
from actors.processing.jobs.remains import Remains
from actors.processing.jobs.stories import Stories, on_behalf_of
from actors.processing.jobs.work import Work
from actors.runtime import metrics
from actors.runtime.actor import patiently
from actors.runtime.outcome import pause_s
from actors.runtime.tracing import current
from schemas.errors import LoomError, Unavailable
from schemas.processing import JobType
from subjects.buckets import WORK
from subjects.work import FINISH, PLAN, Key

ATTEMPTS: Final = 5
LOOK_S: Final = 0.5
TELL_S: Final = 1.0
WAIT_S: Final = 5.0
"""Until something that is away is asked again."""
DEFECT: Final = "Internal error"
DEADLY: Final = "Whoever worked at it died, again and again."
AWAY: Final = (Unavailable, OSError, BaseError, nats.errors.Error, APIError)
MISSING: Final = FileNotFoundError
"""An OSError that is an answer."""
log = structlog.get_logger(__name__)


class Worker:
    """Does steps, `slots` at a time. `run` until cancelled: what is under way is then left to others at once."""

    def __init__(
        self,
        nats: Client,
        works: Mapping[JobType, Work],
        stories: Stories,
        claims: Claims,
        remains: Remains,
        slots: int,
    ) -> None:
        self._nats = nats
        self.works = works
        self.stories = stories
        self._claims = claims
        self.remains = remains
        self._slots = slots
        self._turns = count(1)
        self._served: dict[str, int] = {}
        self._working: dict[Key, asyncio.Task[None]] = {}
        self._told: dict[str, int] = {}
        self._stopping: set[str] = set()
        self._news = asyncio.Event()
        self.board = Board(nats)

    def statistics(self) -> dict[str, int]:
        """How many jobs are open, and how many steps of them are done here now."""
        return {"jobs": len(self.board.jobs), "working": len(self._working)}

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            subscription = await self._nats.subscribe(WORK.everything, cb=self._heard)
            telling = tasks.create_task(self._tell())
            try:
                while True:
                    await patiently(partial(self._look, tasks), None)
                    await self._wait()
            finally:
                await ended([telling, *self._working.values()])
                with suppress(nats.errors.Error, OSError):
                    await subscription.unsubscribe()

    async def _heard(self, _: Any) -> None:
        self._news.set()

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await self._news.wait()
        self._news.clear()

    async def _look(self, tasks: asyncio.TaskGroup) -> None:
        """See what is open, stop what is not, begin what there is room for."""
        while True:
            await self._read(tasks)
            if not self.board.jobs or len(self._working) >= self._slots:
                return
            taken = await self._claims.taken(self._working)
            await self._read(tasks)  # who was at a step that is not claimed has said by now that it is done
            key = self._choice(taken.steps)
            if key is None:
                return
            revision = await self._claims.take(key, taken)
            if revision is not None:
                self._begin(key, revision, tasks)

    def _choice(self, claimed: frozenset[Key]) -> Key | None:
        jobs = [job for job in self.board.jobs if job.job.job_type in self.works]
        return policy.choose(jobs, claimed | self._working.keys(), self._served, time.time())

    def _begin(self, key: Key, revision: int, tasks: asyncio.TaskGroup) -> None:
        job = self.board.job(key.job_id)
        assert job
        self._served[job.job.workspace_id] = next(self._turns)
        task = self._working[key] = tasks.create_task(self._work(job, key, revision))
        task.add_done_callback(partial(self._ended, key))

    def _ended(self, key: Key, _: asyncio.Task[None]) -> None:
        del self._working[key]
        self._news.set()

    async def _read(self, tasks: asyncio.TaskGroup) -> None:
        """What nobody wants any more is given up, and leaves nothing behind if it must not."""
        await self.board.refresh()
        closed = {key.job_id for key in self._working if not self.board.job(key.job_id)} - self._stopping
        for job_id in closed:
            working = [task for key, task in self._working.items() if key.job_id == job_id]
            for task in working:
                task.cancel()
            self._stopping.add(job_id)
            tasks.create_task(self._clear(job_id, working))

    async def _clear(self, job_id: str, working: list[asyncio.Task[None]]) -> None:
        await asyncio.wait(working)
        self._stopping.discard(job_id)
        recording_id, _, _ = job_id.partition("-")
        while not await patiently(partial(self.remains.clear, recording_id), otherwise=False):
            pass  # storage is away

    async def _work(self, job: OpenJob, key: Key, revision: int) -> None:
        """One step, whose claim is ours."""
        current.set(on_behalf_of(job.job))
        async with self._claims.kept(key, revision):
            await patiently(partial(self._attempt, job, key.step), None)

    async def _attempt(self, job: OpenJob, step: str) -> None:
        begun = await self.board.begin(job.job.id, step)
        if begun is None:
            return
        try:
            if begun.often > ATTEMPTS:
                await self._fail(job, step, DEADLY)
            else:
                await self._step(job, step)
        except asyncio.CancelledError:
            with suppress(*AWAY):
                await self.board.put_off(job.job.id, step, begun, Tried(begun.often - 1))
            raise
        except MISSING as error:
            await self._again(job, step, begun, error)
        except AWAY as error:
            log.warning("a job waits for what is away", job=job.job.id, step=step, why=str(error) or repr(error))
            await self.board.put_off(job.job.id, step, begun, Tried(begun.often - 1, time.time() + WAIT_S))
        except LoomError as error:
            await self._fail(job, step, str(error))
        except Exception as error:  # noqa: BLE001  a defect of one job's, and of nobody else's
            await self._again(job, step, begun, error)

    async def _step(self, job: OpenJob, step: str) -> None:
        work, said = self.works[job.job.job_type], job.job
        if step == PLAN:
            await self.stories.start(said)
            await self.board.say(said.id, step, Planned(tuple(await work.plan(said))))
        elif step == FINISH:
            await work.finish(said, await self.board.results(job))
            await self.stories.complete(said)
            await self.board.say(said.id, step, Done())
            metrics.jobs[said.job_type, "completed"] += 1
        else:
            await self.board.say(said.id, step, Done(await work.do(said, job.unit(step))))

    async def _again(self, job: OpenJob, step: str, begun: Begun, error: Exception) -> None:
        """It may have been an accident, a few times."""
        log.error("a step of a job failed", job=job.job.id, step=step, times=begun.often, exc_info=error)
        metrics.jobs[job.job.job_type, "retried"] += 1
        if begun.often >= ATTEMPTS:
            await self._fail(job, step, DEFECT)
        else:
            again_at = time.time() + pause_s(begun.often + 1)
            await self.board.put_off(job.job.id, step, begun, Tried(begun.often, again_at))

    async def _fail(self, job: OpenJob, step: str, error_message: str) -> None:
        """It is over; should somebody want it all the same, the step is begun as if for the first time."""
        log.warning("a job failed", job=job.job.id, step=step, why=error_message)
        metrics.jobs[job.job.job_type, "failed"] += 1
        await self.board.reset(job.job.id, step)
        await self.stories.fail(job.job, error_message)
        await self.board.close(job.job.id, revision=job.revision)

    async def _tell(self) -> None:
        """How far the jobs are that are worked at here."""
        while True:
            await asyncio.sleep(TELL_S)
            worked_at = {key.job_id for key in self._working}
            self._told = {job_id: percent for job_id, percent in self._told.items() if job_id in worked_at}
            for job_id in worked_at:
                if job := self.board.job(job_id):
                    await progress.tell(self._nats, job.job, "processing", job.progress)
                    if job.progress >= self._told.get(job_id, 0) + STEP:
                        self._told[job_id] = job.progress
                        await patiently(partial(self.stories.progress, job.job, job.progress), None)
