"""Where do embedded servers put their Unix sockets? In the data folder, unless its path is too long for one."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

LONGEST: Final = 80  # of about 104 bytes that a socket's path may have, less the servers' own names


def folder(data: Path) -> Path:
    """An existing folder with a short name, ours alone; always the same one for the same data. Raises OSError."""
    inside = data / "run"
    if len(str(inside).encode()) > LONGEST:
        inside = Path(tempfile.gettempdir()) / f"loom-{hashlib.sha256(str(data).encode()).hexdigest()[:12]}"
    inside.mkdir(mode=0o700, parents=True, exist_ok=True)
    if inside.lstat().st_uid != os.getuid() or not stat.S_ISDIR(inside.lstat().st_mode):
        raise PermissionError(f"{inside} belongs to somebody else")
    return inside
