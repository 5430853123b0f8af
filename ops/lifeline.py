"""How does nobody outlive `loom up`? The kernel tells servers (Linux), an inherited pipe tells our own processes."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def dies_with_parent(number: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: the kernel sends `number` when the parent ends, however it ends (prctl(2))."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None

    def arrange() -> None:
        if library:
            library.prctl(_PR_SET_PDEATHSIG, number)

    return arrange


def watch(descriptor: int, stop: asyncio.Event) -> None:
    """Set `stop` when the other end of the pipe is closed: whoever held it has ended, however."""
    loop = asyncio.get_running_loop()

    def closed() -> None:
        if not os.read(descriptor, 64):
            loop.remove_reader(descriptor)
            stop.set()

    loop.add_reader(descriptor, closed)
