"""How does nobody outlive `loom up`? A pipe whose writing end only it holds: however it ends, the pipe is closed."""

import asyncio
import os
from typing import Final

_ANY: Final = 64


def wait(descriptor: int) -> None:
    """Block until the other end of the pipe is closed."""
    while os.read(descriptor, _ANY):
        pass


def watch(descriptor: int, stop: asyncio.Event) -> None:
    """Set `stop` when the other end of the pipe is closed."""
    loop = asyncio.get_running_loop()

    def readable() -> None:
        if not os.read(descriptor, _ANY):
            loop.remove_reader(descriptor)
            stop.set()

    loop.add_reader(descriptor, readable)
