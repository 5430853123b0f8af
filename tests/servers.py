"""The real servers tests stand on: NATS on disk, a PostgreSQL with a fresh database for each, Redis."""

import asyncio
import ctypes
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from uuid import uuid4

import asyncpg
import nats
import nats.errors
import nats.js.errors
import redis as redis_client
from nats.aio.client import Client

from ops.embedded import nats_server, redis_server
from ops.embedded import postgres as postgres_server
from ops.embedded.ports import any_free
from ops.migrate import migrate
from ops.supervisor import Program, identity

ROOT: Final = Path(__file__).parents[1]
DEADLINE_S: Final = 20.0
TEMPLATE: Final = "loom_as_migrated"
_POLL_S: Final = 0.02
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
Answer = TypeVar("Answer")


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody has at this moment."""
    return any_free()


async def until(holds: Callable[[], Awaitable[bool]], deadline_s: float = DEADLINE_S) -> None:
    """Wait for something that can only be asked for. Raises TimeoutError."""
    async with asyncio.timeout(deadline_s):
        while not await holds():  # noqa: ASYNC110  it is another process that changes it
            await asyncio.sleep(_POLL_S)


class NatsServer:
    """A nats-server of one's own, on disk, that can be killed and started again."""

    def __init__(self, folder: Path, configured: Path | None = None) -> None:
        self.folder, self.port, self.configured = folder, any_free(), configured
        self.url = f"nats://127.0.0.1:{self.port}"
        self._name = f"test-{uuid4().hex}"
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        self.start()
        await until(self._answers)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        self._process = _started(
            nats_server.program(self.folder, self._name, self.configured, self.port), subprocess.DEVNULL
        )

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()

    async def _answers(self) -> bool:
        return await nats_server.name_at(self.port) == self._name


class NatsCluster:
    """Several that keep every message together; each can be killed and started again."""

    def __init__(self, folder: Path, nodes: int = 3) -> None:
        self.folder = folder
        self._ports, self._routes = ([any_free() for _ in range(nodes)] for _ in range(2))
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        """All of them, as LOOM_NATS_URL takes it."""
        return ",".join(f"nats://127.0.0.1:{port}" for port in self._ports)

    async def __aenter__(self) -> Self:
        self._processes = [self._start(number) for number in range(len(self._ports))]
        for port in self._ports:
            await until(lambda port=port: nats_server.name_at(port))  # type: ignore[misc, arg-type]
        await until(self._have_a_leader)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    async def replace(self, number: int, away_s: float) -> None:
        """Kill one, and start it again after a while."""
        self._processes[number].kill()
        await asyncio.to_thread(self._processes[number].wait)
        await asyncio.sleep(away_s)
        self._processes[number] = self._start(number)
        await until(lambda: nats_server.name_at(self._ports[number]))  # type: ignore[arg-type]

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        configured = nats_server.configuration()
        program = nats_server.node(self.folder, number, self._routes, configured, self._ports[number])
        return _started(program, subprocess.DEVNULL)

    async def _have_a_leader(self) -> bool:
        try:
            client = await nats.connect(self.url.split(","))
        except OSError:
            return False
        try:
            await client.jetstream().account_info()
        except (nats.errors.Error, TimeoutError, nats.js.errors.Error):
            return False
        finally:
            await client.close()
        return True


@asynccontextmanager
async def connected(server: NatsServer | NatsCluster) -> AsyncIterator[Client]:
    client = await nats.connect(server.url.split(","), max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    try:
        yield client
    finally:
        with suppress(OSError):  # cut off by the server at last
            await client.close()


@contextmanager
def nats_for_all() -> Iterator[str]:
    """A NATS server that tests share; its URL."""
    with _folder() as folder:
        server = NatsServer(folder)
        server.start()
        try:
            run(until(server._answers))
            yield server.url
        finally:
            server.kill()


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL; the URL of a database beside which others are made, one of them with the tables as a pattern."""
    with _folder() as folder:
        program, url = postgres_server.program(folder)
        quick = (*program.command, "-c", "fsync=off", "-c", "full_page_writes=off")
        with _running(Program(program.name, quick, program.end_signal, program.user), folder / "postgres.log") as log:
            _until(lambda: run(_connects(url)), log)
            run(_make_template(url))
            yield url


class RedisServer:
    """A Redis of one's own on a socket, that can be killed, started again, and made to hang."""

    def __init__(self, folder: Path) -> None:
        self._program, self.url = redis_server.program(folder)
        self._log = folder / "redis.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once it answers."""
        with self._log.open("ab") as words:
            self._process = _started(self._program, words)
        _until(lambda: _pings(self.url), self._log)

    def kill(self) -> None:
        self._send(signal.SIGKILL)
        if self._process:
            self._process.wait(DEADLINE_S)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """It takes connections and says nothing."""
        self._send(signal.SIGSTOP)
        try:
            yield
        finally:
            self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        if self._process:
            self._process.send_signal(number)


@contextmanager
def own_redis() -> Iterator[RedisServer]:
    """A server that no other test knows."""
    with _folder() as folder:
        server = RedisServer(folder)
        server.start()
        try:
            yield server
        finally:
            server.kill()


@contextmanager
def redis() -> Iterator[str]:
    """A Redis server on a socket; its URL."""
    with own_redis() as server:
        yield server.url


@asynccontextmanager
async def fresh_database(server_url: str) -> AsyncIterator[Any]:
    """A pool on a database of one's own, migrated; dropped afterwards."""
    name = _database_name()
    await _execute(server_url, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    try:
        async with asyncpg.create_pool(server_url, database=name, min_size=0, max_size=8) as pool:
            yield pool
    finally:
        await _execute(server_url, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def empty_database(server_url: str) -> Iterator[str]:
    """A database of one's own without tables; its URL."""
    name = _database_name()
    run(_execute(server_url, f"CREATE DATABASE {name}"))
    try:
        yield server_url.replace("/postgres?", f"/{name}?")
    finally:
        run(_execute(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


def run(work: Coroutine[Any, Any, Answer]) -> Answer:
    """In a loop of its own; `asyncio.run` would take away the one pytest-asyncio has set."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


@contextmanager
def _folder() -> Iterator[Path]:
    """A short path: Unix sockets are put into it."""
    made = Path(tempfile.mkdtemp(prefix="loom-test-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _running(program: Program, log: Path) -> Iterator[Path]:
    with log.open("wb") as words:
        process = _started(program, words)
    try:
        yield log
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(DEADLINE_S)


def _started(program: Program, words: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        program.command,
        preexec_fn=_die_with_us,  # noqa: PLW1509  one call of the C library, no lock
        stdin=subprocess.DEVNULL,
        stdout=words,
        stderr=words,
        start_new_session=True,
        **identity(program),
    )


def _die_with_us() -> None:
    """When the tests are killed, their servers go as well (prctl(2), PR_SET_PDEATHSIG; Linux only)."""
    if _libc:
        _libc.prctl(1, signal.SIGKILL)


def _until(holds: Callable[[], bool], log: Path) -> None:
    end = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < end, log.read_text(errors="replace")[-2000:]
        time.sleep(_POLL_S)


def _database_name() -> str:
    return f"test_{uuid4().hex}"


async def _make_template(server_url: str) -> None:
    await _execute(server_url, f"CREATE DATABASE {TEMPLATE}")
    connection = await asyncpg.connect(server_url, database=TEMPLATE)
    try:
        await migrate(connection)
    finally:
        await connection.close()


async def _execute(server_url: str, statement: str) -> None:
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _connects(url: str) -> bool:
    try:
        await (await asyncpg.connect(url, timeout=2)).close()
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return False
    return True


def _pings(url: str) -> bool:
    try:
        with redis_client.Redis.from_url(url) as client:
            return bool(client.ping())
    except redis_client.RedisError:
        return False
