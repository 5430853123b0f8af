"""`loom run guard`: who tidies up after a `loom up` that was killed? A process that waits for just that.

Loom's own processes notice for themselves (`ops/lifeline.py`) and finish what they are doing while the servers still
run; then the guard ends the servers. It inherits the lock of the data folder, so that the next `loom up` waits for it.
"""

import signal
import sys

from ops import leftovers, lifeline, settings


def main() -> int:
    """The exit status."""
    configured = settings.read()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lifeline.wait(sys.stdin.fileno())
    leftovers.end(leftovers.folder(configured.data), configured.grace_s)
    return 0
