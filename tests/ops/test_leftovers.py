import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops import leftovers

OBEDIENT = (
    "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); print('up', flush=True); signal.pause()"
)
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def start(started: list[subprocess.Popen[bytes]], code: str) -> int:
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    started.append(process)
    assert process.stdout
    process.stdout.readline()
    return process.pid


def note(folder: Path, name: str, pid: int, *, server: bool = False) -> None:
    leftovers.note(folder, name, pid, end_signal=signal.SIGTERM, server=server)


def test_who_is_noted_is_ended_and_named(tmp_path: Path, started: list[subprocess.Popen[bytes]]) -> None:
    note(tmp_path, "nats", start(started, OBEDIENT), server=True)
    note(tmp_path, "ingest 1", start(started, OBEDIENT))
    assert leftovers.end(tmp_path, 5) == ["ingest 1", "nats"]
    assert [process.wait(1) for process in started] == [0, 0]
    assert leftovers.end(tmp_path, 5) == []


def test_who_does_not_listen_is_killed(tmp_path: Path, started: list[subprocess.Popen[bytes]]) -> None:
    note(tmp_path, "edge", start(started, STUBBORN))
    leftovers.end(tmp_path, 0.2)
    assert started[0].wait(1) == -signal.SIGKILL


def test_who_was_forgotten_is_left_alone(tmp_path: Path, started: list[subprocess.Popen[bytes]]) -> None:
    note(tmp_path, "edge", start(started, OBEDIENT))
    leftovers.forget(tmp_path, "edge")
    assert leftovers.end(tmp_path, 5) == []
    assert started[0].poll() is None


def test_a_number_that_was_given_to_another_process_is_left_alone(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    note(tmp_path, "edge", start(started, OBEDIENT))
    file = next(tmp_path.iterdir())
    file.write_text(file.read_text().replace('"since": ', '"since": 1'))
    assert leftovers.end(tmp_path, 5) == []
    assert started[0].poll() is None


def test_a_note_that_was_cut_off_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "edge.json").write_text('{"name": "ed')
    assert leftovers.end(tmp_path, 5) == []
    assert not list(tmp_path.iterdir())
