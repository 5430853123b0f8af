"""`loom up`: servers, tables, streams, processes; then a URL. Ctrl-C ends it all in order."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import aiohttp
import asyncpg
import nats
import nats.errors

from ops import settings as reading
from ops.embedded import nats_server, postgres, redis_server
from ops.embedded.ports import any_free, is_free
from ops.migrate import migrate
from ops.provision import provision
from ops.settings import SettingError, Settings
from ops.supervisor import Child, say

LEAST_FREE_BYTES: Final = 256 << 20
SERVER_DEADLINE_S: Final = 60.0
READY_DEADLINE_S: Final = 60.0
ACTORS: Final = ("recording", "streaming", "processing")


class CannotStart(Exception):
    """One line for the person who typed `loom up`."""


async def up(settings: Settings) -> None:
    """Run until SIGINT or SIGTERM. Raises CannotStart or SettingError."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    for name in reading.unknown():
        say("loom", f"{name} is not a setting; `loom settings` lists them all")
    check_folder(settings.data)
    with locked(settings.data):
        if not is_free(settings.host, settings.port):
            raise CannotStart(
                f"Port {settings.port} on {settings.host} is taken by another program; set LOOM_PORT to a free one."
            )
        reading.secret(settings)
        await _Up(settings, stop).run()


def check_folder(data: Path) -> None:
    """It can be written to, and there is room. Raises CannotStart."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        probe = data / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise CannotStart(f"The data folder {data} cannot be written to ({error.strerror}); set LOOM_DATA.") from error
    free = shutil.disk_usage(data).free
    if free < LEAST_FREE_BYTES:
        raise CannotStart(f"The disk of {data} has {free >> 20} MB left; {LEAST_FREE_BYTES >> 20} MB are needed.")


@contextlib.contextmanager
def locked(data: Path) -> Iterator[None]:
    """One `loom up` a folder. Raises CannotStart."""
    with (data / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise CannotStart(f"Loom is already running on {data} (process {lock.read().strip()}).") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


class _Up:
    """What one `loom up` has started, in order."""

    def __init__(self, settings: Settings, stop: asyncio.Event) -> None:
        self._settings = settings
        self._stop = stop
        self._started: list[tuple[Child, asyncio.Task[None]]] = []
        self._environment: dict[str, str] = {}

    async def run(self) -> None:
        async with asyncio.TaskGroup() as owner:
            try:
                await self._or_stop(self._start(owner))
                if not self._stop.is_set():
                    say("loom", f"ready: http://{self._settings.host}:{self._settings.port}", 92)
                await self._stop.wait()
            finally:
                await self._end()

    async def _or_stop(self, starting) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        """Start, unless somebody presses Ctrl-C first."""
        work = asyncio.ensure_future(starting)
        stopped = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not work.done():
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work
        else:
            work.result()

    async def _start(self, owner: asyncio.TaskGroup) -> None:
        settings = self._settings
        nats_url = await self._nats(owner)
        database_url = await self._database(owner)
        await self._redis(owner)
        await self._tables(database_url)
        await self._streams(nats_url)
        self._environment["LOOM_DATA"] = str(settings.data)
        ingest = [any_free() for _ in range(settings.ingest_processes)]
        api = any_free()
        for name in ACTORS:
            self._loom(owner, name, name)
        for number, port in enumerate(ingest):
            name = "ingest" if len(ingest) == 1 else f"ingest {number}"
            self._loom(owner, name, "ingest", "--instance", str(number), "--listen", f"127.0.0.1:{port}")
        self._loom(owner, "api", "api", "--listen", f"127.0.0.1:{api}")
        behind = [word for port in ingest for word in ("--ingest", f"http://127.0.0.1:{port}")]
        for number in range(settings.edge_processes):
            name = "edge" if settings.edge_processes == 1 else f"edge {number}"
            where = f"{settings.host}:{settings.port}"
            self._loom(owner, name, "edge", "--listen", where, "--api", f"http://127.0.0.1:{api}", *behind)
        say("loom", "starting the doors and the actors")
        await self._ready()

    # --- servers ------------------------------------------------------------------------------------------------------

    async def _nats(self, owner: asyncio.TaskGroup) -> str:
        url = self._settings.nats_url
        if not url:
            child, url = nats_server.prepare(self._settings.data)
            self._keep(owner, child)
        self._environment["LOOM_NATS_URL"] = url

        async def connected() -> None:
            await (await nats.connect(url, connect_timeout=1, allow_reconnect=False, error_cb=_quietly)).close()

        await self._wait("nats", url, connected)
        return url

    async def _database(self, owner: asyncio.TaskGroup) -> str:
        url = self._settings.database_url
        if not url:
            say("postgres", "preparing")
            child, url = await postgres.prepare(self._settings.data)
            self._keep(owner, child)
        self._environment["LOOM_DATABASE_URL"] = url

        async def connected() -> None:
            await (await asyncpg.connect(url, timeout=2)).close()

        await self._wait("postgres", url, connected)
        return url

    async def _redis(self, owner: asyncio.TaskGroup) -> None:
        url = self._settings.redis_url
        if not url:
            child, url = redis_server.prepare(self._settings.data)
            self._keep(owner, child)
        self._environment["LOOM_REDIS_URL"] = url
        say("redis", url)

    async def _tables(self, url: str) -> None:
        connection = await asyncpg.connect(url)
        try:
            applied = await migrate(connection)
        finally:
            await connection.close()
        say("tables", f"applied {', '.join(applied)}" if applied else "as they should be")

    async def _streams(self, url: str) -> None:
        connection = await nats.connect(url)
        try:
            await provision(connection)
        finally:
            await connection.close()
        say("streams", "as they should be")

    # --- processes ----------------------------------------------------------------------------------------------------

    def _loom(self, owner: asyncio.TaskGroup, name: str, process: str, *arguments: str) -> None:
        script = Path(sys.executable).with_name("loom")
        begin = (sys.executable, str(script)) if script.exists() else (sys.executable, "-m", "ops")
        command = (*begin, "run", process, *arguments)
        self._keep(owner, Child(name, command, environment=self._environment, lifeline=True))

    def _keep(self, owner: asyncio.TaskGroup, child: Child) -> None:
        self._started.append((child, owner.create_task(child.run())))

    async def _wait(self, name: str, url: str, connected) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        """Until the server answers. Raises CannotStart with its last words."""
        try:
            async with asyncio.timeout(SERVER_DEADLINE_S):
                while True:
                    try:
                        await connected()
                        break
                    except (OSError, nats.errors.Error, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                        await asyncio.sleep(0.05)
        except TimeoutError:
            words = next((c.last_lines[-3:] for c, _ in self._started if c.name == name), [])
            raise CannotStart(f"{name} does not answer at {url}: {' / '.join(words) or 'no word from it'}") from None
        say(name, url)

    async def _ready(self) -> None:
        host = "127.0.0.1" if self._settings.host in ("0.0.0.0", "::") else self._settings.host  # noqa: S104
        url = f"http://{host}:{self._settings.port}/health/ready"
        said = "no answer"
        try:
            async with asyncio.timeout(READY_DEADLINE_S), aiohttp.ClientSession() as http:
                while True:
                    try:
                        async with http.get(url, timeout=aiohttp.ClientTimeout(3)) as response:
                            if response.ok:
                                return
                            said = await response.text()
                    except (aiohttp.ClientError, TimeoutError):
                        pass
                    await asyncio.sleep(0.1)
        except TimeoutError:
            say("loom", f"not everything is ready after {READY_DEADLINE_S:.0f} s: {said}", 91)

    async def _end(self) -> None:
        """In the reverse order of their importance: sources first, so that their parts are kept; servers last."""
        say("loom", "stopping")
        order = ("ingest", "edge", "api", *ACTORS, "redis", "postgres", "nats")
        for name in order:
            group = [(c, t) for c, t in self._started if c.name.split()[0] == name]
            await asyncio.gather(*(child.stop(self._settings.grace_s) for child, _ in group))
            for _, task in group:
                task.cancel()
        say("loom", "stopped")


def main() -> int:
    """The exit status."""
    failed = False
    try:
        asyncio.run(up(reading.read()))
    except* (CannotStart, SettingError) as errors:
        failed = True
        for line in _messages(errors):
            print(f"loom: {line}", file=sys.stderr)  # noqa: T201
    return int(failed)


async def _quietly(_: Exception) -> None:
    """It is asked again until the deadline; only that is worth a word."""


def _messages(error: BaseException) -> list[str]:
    if isinstance(error, BaseExceptionGroup):
        return [line for inner in error.exceptions for line in _messages(inner)]
    return [str(error)]
