"""How much CPU has a process used? User and system time of all its threads, from /proc."""

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ops.bench.figure import progress

_TICK_MS: Final = 1_000 / os.sysconf("SC_CLK_TCK")


def spent_ms(pid: int) -> float:
    """Milliseconds of CPU since its start. Raises FileNotFoundError when it is gone."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_MS


async def windows(pids: Sequence[int], seconds: float, count: int, what: str) -> list[float]:
    """CPU-ms per second of `pids` together, in `count` windows one after another."""
    rates = []
    for number in range(1, count + 1):
        before, started = sum(map(spent_ms, pids)), time.monotonic()
        await asyncio.sleep(seconds)
        rates.append((sum(map(spent_ms, pids)) - before) / (time.monotonic() - started))
        progress(f"{what}: window {number} of {count}: {rates[-1]:.1f} ms of CPU a second")
    return rates
