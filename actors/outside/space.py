"""How much room is left? Asked of the disks that hold log and objects, and what follows from it; pure but for that.

Below the reserve no recording is begun. Below half of it the log takes no more media either: what is left is for saying
what happens to those that are there, so that nothing of them is lost and everything goes on once there is room.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

Level = Literal["enough", "low", "full"]
KEPT_BYTES: Final = 64 << 20
"""So much of a disk is never taken by objects: the log needs it to say anything at all."""
AMPLE: Final = 8
"""So many reserves left: nothing has to be confined."""


def left_bytes(folders: Sequence[Path]) -> int | None:
    """On the fullest of their disks; None where none of them is there."""
    free = [_free(folder) for folder in folders if folder.is_dir()]
    return min(free, default=None)


def level(left: int | None, reserve_bytes: int) -> Level:
    """What is left for whom."""
    if left is None or left >= reserve_bytes:
        return "enough"
    return "low" if left >= reserve_bytes // 2 else "full"


def says(left: int | None, reserve_bytes: int) -> str:
    """A sentence for people; empty when there is enough."""
    megabytes = f"{(left or 0) / 1e6:,.0f} MB"
    match level(left, reserve_bytes):
        case "enough":
            return ""
        case "low":
            return (
                f"Only {megabytes} of disk space are left; what is being recorded goes on, new recordings have to wait."
            )
        case "full":
            return f"Only {megabytes} of disk space are left; nothing more can be recorded until there is room."


def log_limit(log_bytes: int, left: int | None, reserve_bytes: int) -> int:
    """How many bytes of media the log may hold: what it has, and what is left beyond half the reserve; -1: any."""
    if left is None or left >= AMPLE * reserve_bytes:
        return -1
    return max(log_bytes + left - reserve_bytes // 2, log_bytes, 1)


def _free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
