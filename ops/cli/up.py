"""`loom up`: servers, tables, streams, processes; then a URL. Ctrl-C ends it all in order, sources first."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, Final

import aiohttp
import asyncpg
import nats.errors

from ops import console as consoles
from ops import data_folder, leftovers, processes, telemetry
from ops import settings as reading
from ops.connections import operator
from ops.console import Console
from ops.data_folder import CannotStart
from ops.embedded import servers
from ops.embedded.ports import is_free
from ops.migrate import migrate
from ops.provision import provision
from ops.settings import SettingError, Settings
from ops.supervisor import Supervisor, Surroundings

READY_DEADLINE_S: Final = 90.0
ATTEMPTS: Final = 4
ENDING: Final = (("ingest",), ("edge", "api"), processes.ACTORS)
_POLL_S: Final = 0.1


def main() -> int:
    """The exit status."""
    failures: list[str] = []
    try:
        settings = reading.read()
        asyncio.run(_up(settings, Console(settings.log)))
    except* (CannotStart, SettingError, OSError, RuntimeError) as errors:
        failures = _messages(errors)
    consoles.complain(dict.fromkeys(failures))
    return 1 if failures else 0


async def _up(settings: Settings, console: Console) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    for name in reading.unknown():
        console.say("loom", f"{name} is not a setting; `loom settings` lists them all")
    data_folder.check(settings.data)
    with data_folder.locked(settings.data, console) as lock, _lifeline() as lifeline:
        _check_port(settings)
        for name in leftovers.end(leftovers.folder(settings.data), settings.grace_s):
            console.say("loom", f"ended {name}, which an earlier `loom up` had left behind")
        reading.secret(settings)
        surroundings = _surroundings(settings, console, lifeline)
        async with asyncio.TaskGroup() as owner:
            supervisor = Supervisor(surroundings, owner, settings.grace_s)
            supervisor.start(processes.guard(lock))
            try:
                await _unless(stop, _start(settings, supervisor, surroundings.environment, console))
                await stop.wait()
            finally:
                await _end(supervisor, console)


async def _start(settings: Settings, supervisor: Supervisor, environment: dict[str, str], console: Console) -> None:
    console.say("loom", f"keeps everything in {settings.data}")
    urls = await servers.start(settings, supervisor, console)
    settings = settings.at(urls.nats)
    environment |= {"LOOM_NATS_URL": urls.nats, "LOOM_DATABASE_URL": urls.database, "LOOM_REDIS_URL": urls.redis}
    environment |= {"LOOM_NATS_KEYS": str(settings.keys or "")}
    await _migrate(urls.database, console)
    await _provision(settings, console)
    console.say("loom", f"starting {', '.join(processes.ACTORS)}, {', '.join(processes.DOORS)}")
    plan = processes.plan(settings, settings.local_url)
    for program in plan.programs:
        supervisor.start(program)
    await _until_ready(plan.doors, supervisor)
    console.say("loom", f"ready: {settings.public_url or settings.local_url}", consoles.GOOD)


async def _migrate(url: str, console: Console) -> None:
    connection = await asyncpg.connect(url)
    try:
        applied = await migrate(connection)
    except asyncpg.PostgresError as error:
        raise CannotStart(f"The tables cannot be made: {error}") from error
    finally:
        await connection.close()
    console.say("tables", f"applied {', '.join(applied)}" if applied else "as they should be")


async def _provision(settings: Settings, console: Console) -> None:
    try:
        async with operator(settings) as connection:
            changed = await provision(connection, settings.nats_nodes)
    except nats.errors.Error as error:
        raise CannotStart(f"The streams cannot be made: {error}") from error
    console.say("streams", ", ".join(changed) or "as they should be")


async def _until_ready(doors: Sequence[str], supervisor: Supervisor) -> None:
    """Each door is open, then the last one, which asks the others, says that all is well.

    Raises CannotStart when a process ends again and again, or something stays away.
    """
    said = "no answer"
    try:
        async with asyncio.timeout(READY_DEADLINE_S), aiohttp.ClientSession() as http:
            for url in (*(f"{door}/health/live" for door in doors), f"{doors[-1]}/health/ready"):
                while True:
                    well, said = await _ask(http, url)
                    if well:
                        break
                    if failing := supervisor.failing(ATTEMPTS):
                        raise CannotStart(f"{failing.name} does not start: {failing.last_words()}")
                    await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise CannotStart(f"Not everything is ready after {READY_DEADLINE_S:.0f} s: {said}") from None


async def _ask(http: aiohttp.ClientSession, url: str) -> tuple[bool, str]:
    try:
        async with http.get(url, timeout=aiohttp.ClientTimeout(3)) as response:
            return response.ok, await response.text()
    except (aiohttp.ClientError, TimeoutError) as error:
        return False, str(error) or "no answer"


async def _end(supervisor: Supervisor, console: Console) -> None:
    """Sources first, so that what they have received is stored; then the servers; last the guard."""
    console.say("loom", "stopping")
    for names in ENDING:
        await supervisor.stop(names)
    await supervisor.stop(servers.NAMES)
    await supervisor.stop((processes.GUARD,))
    console.say("loom", "stopped")


async def _unless(stop: asyncio.Event, starting: Coroutine[Any, Any, None]) -> None:
    """Start, unless somebody presses Ctrl-C first."""
    work = asyncio.ensure_future(starting)
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
    finally:
        stopped.cancel()
        if work.cancel():
            await asyncio.wait({work})


@contextlib.contextmanager
def _lifeline() -> Iterator[int]:
    """The reading end; children inherit it, the writing end is ours alone and closes when we end, however."""
    reading_end, writing_end = os.pipe()
    try:
        yield reading_end
    finally:
        os.close(writing_end)
        os.close(reading_end)


def _surroundings(settings: Settings, console: Console, lifeline: int) -> Surroundings:
    telemetry.forget(settings.data)
    environment = {**processes.environment(), "LOOM_DATA": str(settings.data), "LOOM_METRICS_PORT": "0"}
    notes = leftovers.folder(settings.data)
    return Surroundings(console, notes, settings.data / "logs", lifeline, environment)


def _check_port(settings: Settings) -> None:
    try:
        free = is_free(settings.host, settings.port)
    except OSError as error:
        raise CannotStart(f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}.") from error
    if not free:
        raise CannotStart(
            f"Port {settings.port} on {settings.host} is taken by another program; set LOOM_PORT to a free one."
        )


def _messages(error: BaseException) -> list[str]:
    if isinstance(error, BaseExceptionGroup):
        return [line for inner in error.exceptions for line in _messages(inner)]
    return [str(error)]
