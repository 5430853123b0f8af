"""On whose behalf does this task work? Known to whatever it calls: log lines carry its trace."""

from contextvars import ContextVar
from typing import Final

from schemas.envelope import NOBODY, Caller

current: Final[ContextVar[Caller]] = ContextVar("caller", default=NOBODY)
