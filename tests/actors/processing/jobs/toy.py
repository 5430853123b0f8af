"""Work whose pieces leave files behind: who did which of them how often, and what became of it."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from actors.processing.jobs.work import Job, Unit

HOLD: Final = "hold"
"""While a file of this name is there, no unit ends."""


class Toy:
    """`settings` of a job: `units` how many, `fails` what each attempt of unit 1 raises."""

    def __init__(self, folder: Path, seconds: float = 0.0) -> None:
        self._folder = folder
        self._seconds = seconds
        self._failures: dict[str, int] = {}

    async def plan(self, job: Job) -> Sequence[Unit]:
        self._note("plan", job)
        return [Unit(f"unit {n}", 1 + n) for n in range(job.settings.get("units", 3))]

    async def do(self, job: Job, unit: Unit) -> bytes:
        self._note("begun", job, unit.name)
        if unit.name == "unit 1":
            self._fail(job)
        try:
            while (self._folder / HOLD).exists():  # noqa: ASYNC110  it is another process that changes it
                await asyncio.sleep(0.01)
            await asyncio.sleep(self._seconds)
        except asyncio.CancelledError:
            self._note("cancelled", job, unit.name)
            raise
        self._note("done", job, unit.name)
        return unit.name.upper().encode()

    async def finish(self, job: Job, results: Mapping[str, bytes]) -> None:
        self._note("finished", job, ",".join(f"{name}={said.decode()}" for name, said in sorted(results.items())))

    def _fail(self, job: Job) -> None:
        number = self._failures[job.id] = self._failures.get(job.id, 0) + 1
        wanted: list[Exception] = job.settings.get("fails", FAILS.get(job.recording_id, []))
        if number <= len(wanted):
            raise wanted[number - 1]

    def _note(self, what: str, job: Job, about: str = "") -> None:
        with (self._folder / f"{job.id}.{what}").open("a") as file:
            file.write(f"{os.getpid()} {about}\n")


FAILS: Final[dict[str, list[Exception]]] = {}
"""What the attempts of unit 1 raise, by recording."""


def noted(folder: Path, job_id: str, what: str) -> list[str]:
    """What was noted of it, in order."""
    with suppress(FileNotFoundError):
        return [line.partition(" ")[2] for line in (folder / f"{job_id}.{what}").read_text().splitlines()]
    return []


def who(folder: Path, job_id: str, what: str) -> set[str]:
    """The processes that noted it."""
    with suppress(FileNotFoundError):
        return {line.partition(" ")[0] for line in (folder / f"{job_id}.{what}").read_text().splitlines()}
    return set()
