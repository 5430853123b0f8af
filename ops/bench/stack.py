"""The product itself, as a user starts it: `loom up` with its own folder and port, and its API as a client sees it."""

import asyncio
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import aiohttp
import psutil

from gateways.http import signing
from ops.bench import child
from ops.bench.figure import progress

READY_DEADLINE_S: Final = 90
STOP_DEADLINE_S: Final = 30
HOUR_S: Final = 3600
ANY_NUMBER: Final = {f"LOOM_LIMIT_{what}": "0" for what in ("RECORDINGS", "SESSIONS", "CHANGES")}
"""One address plays many people here."""
_POLL_S: Final = 0.1


class Stack:
    """A running product. `processes(name)` finds a part of it by its `loom run NAME` or by the server's name."""

    def __init__(self, url: str, data: Path, up: asyncio.subprocess.Process, http: aiohttp.ClientSession) -> None:
        self.url, self.data, self.up, self.http = url, data, up, http
        self.log = data / "up.log"

    def processes(self, name: str = "") -> list[psutil.Process]:
        """All processes of this product, or those of one part: "ingest", "nats-server", "postgres", "redis-server"."""
        return [process for process in psutil.process_iter() if self._is_ours(process) and _is_named(process, name)]

    def pids(self, name: str) -> list[int]:
        """Process ids of one part."""
        return [process.pid for process in self.processes(name)]

    def _is_ours(self, process: psutil.Process) -> bool:
        with suppress(psutil.Error, OSError):
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            ours = str(self.data)
            return process.environ().get("LOOM_DATA") == ours or any(ours in word for word in process.cmdline())
        return False

    async def ready(self, deadline_s: float = READY_DEADLINE_S) -> None:
        """Wait for /health/ready. Raises TimeoutError or RuntimeError with the end of the log."""
        try:
            async with asyncio.timeout(deadline_s):
                while not await self._is_ready():
                    if self.up.returncode is not None:
                        raise RuntimeError(f"loom up ended with {self.up.returncode}:\n{self.log_tail()}")
                    await asyncio.sleep(_POLL_S)
        except TimeoutError as error:
            raise TimeoutError(f"Not ready after {deadline_s:.0f} s:\n{self.log_tail()}") from error

    async def _is_ready(self) -> bool:
        try:
            async with self.http.get(f"{self.url}/health/ready", timeout=aiohttp.ClientTimeout(2)) as response:
                return response.status == 200  # noqa: PLR2004
        except (aiohttp.ClientError, TimeoutError):
            return False

    def log_tail(self, lines: int = 40) -> str:
        """The end of what `loom up` and its children have said."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    async def start(self, title: str = "bench", recording_type: str = "screen") -> dict[str, Any]:
        """A new recording, as the API answers it."""
        return await self.call("POST", "/api/v1/recordings", {"title": title, "recording_type": recording_type})

    async def control(self, recording_id: str, action: str) -> dict[str, Any]:
        """pause, resume or stop."""
        return await self.call("POST", f"/api/v1/recordings/{recording_id}/control", {"action": action})

    async def recording(self, recording_id: str) -> dict[str, Any]:
        """One recording as it is now."""
        return await self.call("GET", f"/api/v1/recordings/{recording_id}")

    def hls(self, recording_id: str, rest: str) -> str:
        """A URL of a recording's media, signed for an hour."""
        secret = (self.data / "secret").read_bytes()
        return self.url + signing.path(secret, recording_id, int(time.time()) + HOUR_S, rest)

    async def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Ask the API. Raises RuntimeError for a refusal."""
        async with self.http.request(method, self.url + path, json=body) as response:
            answer = await response.json(content_type=None) if response.content_length != 0 else {}
            if response.status >= 400:  # noqa: PLR2004
                raise RuntimeError(f"{method} {path}: {response.status} {answer}")
            return answer or {}


@asynccontextmanager
async def running(environment: Mapping[str, str] | None = None, keep: bool = False) -> AsyncIterator[Stack]:  # noqa: FBT001, FBT002
    """`loom up` on a free port and a new folder; stopped, and checked to have left nothing, at the end."""
    data = Path(tempfile.mkdtemp(prefix="loom-"))
    port = free_port()
    settings = {**os.environ, **ANY_NUMBER, "LOOM_DATA": str(data), "LOOM_PORT": str(port), **(environment or {})}
    progress(f"loom up on port {port}, data in {data}")
    # Local ports are many: the default of 100 connections would serialise a hundred waiting viewers.
    connector = aiohttp.TCPConnector(limit=0)
    with (data / "up.log").open("wb") as log:
        async with aiohttp.ClientSession(connector=connector) as http:
            up = await asyncio.create_subprocess_exec(
                *child.module("ops", "up"), stdout=log, stderr=log, env=settings, start_new_session=True
            )
            stack = Stack(f"http://127.0.0.1:{port}", data, up, http)
            try:
                await stack.ready()
                yield stack
            finally:
                await _stop(stack)
                if not keep:
                    shutil.rmtree(data, ignore_errors=True)


async def _stop(stack: Stack) -> None:
    """Ctrl-C, a deadline, then whatever is left is killed one by one."""
    if stack.up.returncode is None:
        stack.up.send_signal(signal.SIGINT)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_DEADLINE_S):
                await stack.up.wait()
    for process in stack.processes():
        with suppress(psutil.Error):
            progress(f"left behind, killed: {process.pid} {' '.join(process.cmdline())[:120]}")
            process.kill()
    if stack.up.returncode is None:
        stack.up.kill()
        await stack.up.wait()


def _is_named(process: psutil.Process, name: str) -> bool:
    if not name:
        return True
    with suppress(psutil.Error):
        words = process.cmdline()
        return process.name() == name or f" run {name}" in " ".join(words[:6])
    return False


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
