import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from ops.bench.stack import Stack
from tests.ops.cli import loom_up
from tests.servers import free_port, until

OURS = ("recording", "streaming", "processing", "api", "ingest", "edge", "guard")
SERVERS = ("nats-server", "postgres", "redis-server")


@pytest.fixture
def data() -> Iterator[Path]:
    folder = loom_up.folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def up() -> AsyncIterator[Stack]:
    """One that runs for the tests that only look."""
    folder = loom_up.folder()
    async with loom_up.running(folder, LOOM_PROT="a slip of the pen") as stack:
        yield stack
        await loom_up.end(stack, signal.SIGTERM)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.asyncio(loop_scope="module")
class TestWhileItRuns:
    async def test_it_says_what_it_does_and_then_where_it_is(self, up: Stack) -> None:
        async def ready() -> bool:
            return f"ready: {up.url}" in up.log.read_text()

        await until(ready)  # it is said a moment after the doors are open
        said = up.log.read_text()
        places = [
            said.index(word) for word in ("nats://127.0.0.1:", "tables", "streams", "starting", f"ready: {up.url}")
        ]
        assert places == sorted(places)
        assert "LOOM_PROT is not a setting" in said

    async def test_every_process_is_recognised_by_an_operator(self, up: Stack) -> None:
        for name in OURS:
            words = [" ".join(process.cmdline()) for process in up.processes(name)]
            assert len(words) == 1, name
            assert f"loom run {name}" in words[0] or f"-m ops run {name}" in words[0]
        for name in SERVERS:
            assert up.processes(name), name

    async def test_whatever_listens_listens_on_loopback(self, up: Stack) -> None:
        for process in up.processes():
            assert loom_up.listening(process) <= {"127.0.0.1"}, process.cmdline()

    async def test_a_second_one_on_the_same_folder_is_refused_in_one_line(self, up: Stack) -> None:
        said = await loom_up.refused(up.data, free_port())
        assert said == f"loom: Loom is already running on {up.data} (process {up.up.pid})."

    async def test_a_taken_port_is_refused_in_one_line(self, up: Stack, data: Path) -> None:
        port = int(up.url.rpartition(":")[2])
        said = await loom_up.refused(data, port)
        assert said == f"loom: Port {port} on 127.0.0.1 is taken by another program; set LOOM_PORT to a free one."


async def test_a_folder_that_cannot_be_written_to_is_refused_in_one_line() -> None:
    said = await loom_up.refused(Path("/proc/loom"), free_port())
    assert said.startswith("loom: The data folder /proc/loom cannot be written to (")


async def test_an_address_of_another_machine_is_refused_in_one_line(data: Path) -> None:
    said = await loom_up.refused(data, 8080, LOOM_HOST="203.0.113.1")
    assert said.startswith("loom: Cannot listen on 203.0.113.1:8080: ")


async def test_a_setting_that_cannot_be_meant_is_refused_in_one_line(data: Path) -> None:
    said = await loom_up.refused(data, 8080, LOOM_PART_MS="soon")
    assert said == "loom: LOOM_PART_MS must be a whole number between 100 and 1000, not 'soon'."


async def test_ctrl_c_leaves_nobody_behind_and_the_next_start_finds_everything(data: Path) -> None:
    async with loom_up.running(data) as first:
        recording = await first.start("kept")
        assert await loom_up.end(first, signal.SIGINT) == 0
        assert [process.cmdline() for process in first.processes()] == []
    async with loom_up.running(data) as second:
        assert (await second.recording(recording["id"]))["title"] == "kept"
        assert [r["id"] for r in (await second.call("GET", "/api/v1/recordings"))["recordings"]] == [recording["id"]]
        await loom_up.end(second, signal.SIGTERM)


async def test_when_it_is_killed_nobody_is_left_and_the_next_start_finds_everything(data: Path) -> None:
    async with loom_up.running(data) as first:
        recording = await first.start("kept")
        assert await loom_up.end(first, signal.SIGKILL) == -signal.SIGKILL
        async with loom_up.running(data) as second:  # at once: it waits until the first has left
            assert (await second.recording(recording["id"]))["title"] == "kept"
            await loom_up.end(second, signal.SIGKILL)
            await loom_up.nobody_left(second, loom_up.GONE_DEADLINE_S)


async def test_even_when_its_guard_is_killed_too_the_next_start_tidies_up(data: Path) -> None:
    async with loom_up.running(data) as first:
        os.kill(first.processes("guard")[0].pid, signal.SIGKILL)
        await loom_up.end(first, signal.SIGKILL)
        servers = [process.pid for name in SERVERS for process in first.processes(name)]
        async with loom_up.running(data) as second:
            await loom_up.end(second, signal.SIGTERM)
        assert not any(psutil.pid_exists(pid) for pid in servers)
