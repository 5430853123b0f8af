import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ops import data_folder
from ops.console import Console
from ops.data_folder import CannotStart

HOLDS = "import fcntl, sys; f = open(sys.argv[1], 'a+'); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()"


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    data_folder.check(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_a_folder_that_cannot_be_written_to_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotStart, match=r"cannot be written to .*set LOOM_DATA") as refusal:
        data_folder.check(tmp_path / "file" / "data")
    assert "\n" not in str(refusal.value)


def test_a_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_folder, "LEAST_FREE_BYTES", 1 << 60)
    with pytest.raises(CannotStart, match=r"is full: .* MB are free"):
        data_folder.check(tmp_path)


def test_a_second_one_is_refused_with_the_number_of_the_first(tmp_path: Path) -> None:
    with (
        data_folder.locked(tmp_path, Console()),
        pytest.raises(CannotStart, match=rf"already running on .* \(process {os.getpid()}\)"),
        data_folder.locked(tmp_path, Console()),
    ):
        pass


def test_after_the_first_has_ended_the_folder_is_free(tmp_path: Path) -> None:
    for _ in range(2):
        with data_folder.locked(tmp_path, Console()) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_the_guard_of_a_killed_one_is_waited_for(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as guard:
        assert guard.stdin
        assert guard.stdout
        guard.stdout.readline()
        (tmp_path / "lock").write_text("4194305")  # no process has that number
        letting_go = threading.Timer(0.3, guard.stdin.close)
        letting_go.start()
        with data_folder.locked(tmp_path, Console()):
            assert (tmp_path / "lock").read_text() == str(os.getpid())
        letting_go.join()
