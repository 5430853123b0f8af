"""Who tidies up after a `loom up` that was killed? `loom run guard`: a process that waits for just that.

Loom's own processes notice for themselves (`ops/lifeline.py`) and finish what they are doing while the servers still
run; then the guard ends the servers. It inherits the lock of the data folder, so that the next `loom up` waits for it.
"""

import signal
import sys
from pathlib import Path

from ops import leftovers, lifeline


def main(data: Path, grace_s: float) -> int:
    """The exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lifeline.wait(sys.stdin.fileno())
    leftovers.end(notes(data), grace_s)
    return 0


def notes(data: Path) -> Path:
    """Where the notes about running processes are."""
    return data / "run" / "processes"
