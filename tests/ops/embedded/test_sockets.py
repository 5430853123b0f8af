import tempfile
from pathlib import Path

from ops.embedded import sockets


def test_sockets_are_in_the_data_folder() -> None:
    short = Path(tempfile.mkdtemp(prefix="l-"))
    assert sockets.folder(short) == short / "run"
    (short / "run").rmdir()
    short.rmdir()


def test_a_path_too_long_for_a_socket_is_replaced_by_a_stable_short_one(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    chosen = sockets.folder(deep)
    assert chosen == sockets.folder(deep)
    assert len(str(chosen)) <= sockets.LONGEST
    assert chosen.stat().st_mode & 0o077 in (0, 0o011)
    chosen.rmdir()
