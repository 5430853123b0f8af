"""How far is an open job? Folded from its entries in WORK, whatever their order."""

from typing import Final

import msgspec
from msgspec import Struct

from actors.processing.jobs.work import Job, Unit
from subjects.work import FINISH, PLAN

ALMOST: Final = 99
"""Percent: it is done when its end was said."""


class Opened(Struct, frozen=True, tag=True):
    """A job, and since when (seconds since 1970) it waits."""

    job: Job
    queued_at: float


class Planned(Struct, frozen=True, tag=True):
    """The plan was made."""

    units: tuple[Unit, ...]


class Tried(Struct, frozen=True, tag=True):
    """A step was begun so often and did not end well so far; not to be begun before (seconds since 1970)."""

    times: int = 0
    again_at: float = 0.0


class Done(Struct, frozen=True, tag=True):
    """A unit was done, with what came of it; or the finish was."""

    result: bytes = b""


Entry = Opened | Planned | Tried | Done
_decoder: Final[msgspec.json.Decoder[Entry]] = msgspec.json.Decoder(Entry)


def encode(entry: Entry) -> bytes:
    """As it stands in the bucket."""
    return msgspec.json.encode(entry)


def decode(data: bytes) -> Entry | None:
    """What stands in the bucket; None for what another version of Loom wrote."""
    try:
        return _decoder.decode(data)
    except msgspec.MsgspecError:
        return None


class OpenJob:
    """A job, and which of its steps are missing: not before when. `revision` is that of its entry."""

    def __init__(self, job: Job, queued_at: float = 0.0, revision: int = 0) -> None:
        self.job = job
        self.queued_at = queued_at
        self.revision = revision
        self.units: tuple[Unit, ...] = ()
        self.missing: dict[str, float] = {PLAN: 0.0}
        self.remaining = 0.0
        self.cost = 0.0
        self._done: set[str] = set()
        self._again: dict[str, float] = {}

    def take(self, step: str, entry: Entry) -> None:
        """What became of a step."""
        match entry:
            case Planned(units=units):
                self.units, self.cost = units, sum(unit.cost for unit in units)
                self._done.add(PLAN)
                self._count()
            case Done():
                self._done.add(step)
                if self.missing.pop(step, None) is not None:
                    self.remaining -= self.unit(step).cost if step.isdecimal() else 0.0
                    self._settle()
            case Tried(again_at=again_at):
                self._again[step] = again_at
                if step in self.missing:
                    self.missing[step] = again_at
            case Opened():
                pass

    def unit(self, step: str) -> Unit:
        """The unit that a step does."""
        return self.units[int(step)]

    @property
    def progress(self) -> int:
        """Percent of its work that is done."""
        return min(int(100 * (1 - self.remaining / self.cost)), ALMOST) if self.cost > 0 else 0

    def _count(self) -> None:
        left = [n for n in range(len(self.units)) if str(n) not in self._done]
        self.remaining = sum(self.units[n].cost for n in left)
        self.missing = {str(n): self._again.get(str(n), 0.0) for n in left}
        self._settle()

    def _settle(self) -> None:
        if not self.missing and FINISH not in self._done:
            self.missing = {FINISH: self._again.get(FINISH, 0.0)}
