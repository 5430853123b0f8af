"""`loom run NAME…`: processes of Loom, as `loom up` or an operator's own supervisor starts them."""

import asyncio
import signal
import sys

import structlog
import uvloop

from ops import credentials, lifeline, logs, telemetry
from ops import settings as reading
from ops.console import complain
from ops.settings import SettingError, Settings
from ops.topology import PROCESSES, WITH_TABLES, Place, run

log = structlog.get_logger(__name__)


def main(names: list[str], place: Place, *, supervised: bool) -> int:
    """The exit status. Supervised: standard input is the lifeline (`ops/lifeline.py`)."""
    try:
        settings = reading.read()
        _check(names, settings)
    except SettingError as error:
        complain([str(error)])
        return 2
    if not settings.otlp_url:
        telemetry.spare_opentelemetry()
    logs.configure(settings.log, settings.log_level, "+".join(names))
    return uvloop.run(_run(names, settings, place, supervised=supervised))


def _check(names: list[str], settings: Settings) -> None:
    unknown = [name for name in names if name not in PROCESSES]
    if unknown:
        raise SettingError(f"There is no process {unknown[0]!r}; there are {', '.join(PROCESSES)}.")
    needed = ["nats_url", *(["database_url"] if WITH_TABLES & set(names) else [])]
    for name in needed:
        if not getattr(settings, name):
            raise SettingError(f"LOOM_{name.upper()} must be set for `loom run`; `loom up` sets it by itself.")
    if "edge" in names and settings.signed_paths == "on" and not reading.has_secret(settings):
        raise SettingError(
            "LOOM_SECRET must be the one that the API signs links with, or this edge could let nobody in."
        )
    for name in names:
        credentials.options(settings, name)


async def _run(names: list[str], settings: Settings, place: Place, *, supervised: bool) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if supervised:
        lifeline.watch(sys.stdin.fileno(), stop)
    work = asyncio.ensure_future(run(names, settings, place, stop))
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    done, _ = await asyncio.wait({work}, timeout=settings.grace_s)
    if not done:
        log.error("not finished in time", grace_s=settings.grace_s)
        work.cancel()
        return 1
    error = work.exception()
    if lines := _refusals(error):
        complain(lines)
        return 2
    if error:
        log.critical("failed", exc_info=error)
        return 1
    log.info("stopped")
    return 0


def _refusals(error: BaseException | None) -> list[str]:
    """What the operator has to set right, a line each: a key that nats-server does not know, a certificate."""
    if isinstance(error, BaseExceptionGroup):
        return [line for inner in error.exceptions for line in _refusals(inner)]
    return [str(error)] if isinstance(error, SettingError) else []
