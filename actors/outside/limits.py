"""How much may a child of the sandbox take? What it says of itself, and how the kernel is told."""

import os
import resource
import sys
from pathlib import Path
from typing import Final

from msgspec import Struct

MEBIBYTE: Final = 1024 * 1024
SOCKET: Final = 3
"""The one descriptor besides the standard ones that a child has, but for the files it is handed."""
FIRST_FILE: Final = SOCKET + 1
"""The first of those; the others follow."""
MOST_FILES: Final = 8
_STATM: Final = Path("/proc/self/statm")


class Limits(Struct, frozen=True):
    """For one call. A child that oversteps is ended, and its call fails with `Spoiled`."""

    seconds: float = 30.0  # of the clock, for one call
    cpu_seconds: int = 60  # of all threads together, for the life of the child
    memory_bytes: int = 1024 * MEBIBYTE  # beyond what the interpreter has at its start
    answer_bytes: int = 256 * MEBIBYTE
    niceness: int = 10  # work behind a recording never takes from a recording
    files: int = 0  # that it may open; a hardware encoder opens its device


def apply(limits: Limits) -> None:
    """From here on the process has no more than this."""
    os.nice(limits.niceness)
    _lower(resource.RLIMIT_CPU, limits.cpu_seconds, mercy=1)  # at the soft bound comes a signal of its own
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_CORE, 0)
    if sys.platform == "linux":  # elsewhere nobody heeds it
        pages = int(_STATM.read_text().split()[0])
        _lower(resource.RLIMIT_AS, pages * resource.getpagesize() + limits.memory_bytes)
    _lower(resource.RLIMIT_NOFILE, SOCKET + 1 + limits.files)  # last: from here on nothing can be opened


def _lower(what: int, most: int, mercy: int = 0) -> None:
    _, hard = resource.getrlimit(what)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, most + mercy if hard == resource.RLIM_INFINITY else min(most + mercy, hard)))
