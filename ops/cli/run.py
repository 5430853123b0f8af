"""`loom run NAME…`: one process of Loom, as `loom up` or an operator's own supervisor starts it."""

import asyncio
import contextlib
import gc
import os
import signal
import stat
import sys

import structlog
import uvloop

from ops import lifeline, logs
from ops import settings as reading
from ops.settings import SettingError, Settings
from ops.topology import PROCESSES, Place, run

log = structlog.get_logger(__name__)


def main(names: list[str], place: Place) -> int:
    """The exit status."""
    unknown = [name for name in names if name not in PROCESSES]
    if unknown or not names:
        print(f"loom: there is no process {' '.join(unknown)!r}; there are {', '.join(PROCESSES)}", file=sys.stderr)  # noqa: T201
        return 2
    try:
        settings = reading.read()
        missing = [n for n in ("nats_url", "database_url") if not getattr(settings, n)]
        if missing:
            raise SettingError(f"LOOM_{missing[0].upper()} must be set for `loom run`; `loom up` sets it by itself.")
    except SettingError as error:
        print(f"loom: {error}", file=sys.stderr)  # noqa: T201
        return 1
    logs.configure(settings.log, settings.log_level, "+".join(names))
    uvloop.run(_run(names, settings, place))
    return 0


async def _run(names: list[str], settings: Settings, place: Place) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if stat.S_ISFIFO(_mode(sys.stdin)):
        lifeline.watch(sys.stdin.fileno(), stop)
    gc.freeze()
    log.info("starting")
    work = asyncio.ensure_future(run(names, settings, place, stop))
    await asyncio.wait({work, stopping := asyncio.ensure_future(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        async with asyncio.timeout(settings.grace_s):
            await work
    log.info("stopped")


def _mode(stream: object) -> int:
    try:
        return os.fstat(stream.fileno()).st_mode  # type: ignore[attr-defined]
    except (OSError, ValueError, AttributeError):
        return 0
