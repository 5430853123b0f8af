"""What a child of the sandbox is given to do in tests."""

import os
import signal
import time
from pathlib import Path

from msgspec import Struct


class Pair(Struct, frozen=True):
    """A value of ours, with bytes in it."""

    name: str
    data: bytes


def doubled(pair: Pair, times: int) -> dict[str, Pair]:
    return {pair.name: Pair(pair.name, pair.data * times)}


def hangs() -> int:
    time.sleep(60)
    return 0


def computes() -> int:
    while True:
        pass


def crashes() -> int:
    os.kill(os.getpid(), signal.SIGSEGV)
    return 0


def eats() -> int:
    return len(bytearray(400 * 1024 * 1024))


def pours() -> bytes:
    return bytes(3 * 1024 * 1024)


def reads(path: str) -> str:
    return Path(path).read_text()


def reads_handed(descriptors: list[int]) -> list[str]:
    return [os.read(descriptor, 100).decode() for descriptor in descriptors]


def refuses() -> int:
    raise ValueError("There is no picture in it.")


def surprises() -> int:
    return {"a": 1}["b"]


def settings() -> list[str]:
    return [name for name in os.environ if name.startswith("LOOM_")]


class Sum:
    """Remembers between calls."""

    def __init__(self, start: int) -> None:
        if start < 0:
            raise ValueError("It starts below nothing.")
        self._value = start

    def add(self, number: int) -> int:
        self._value += number
        return self._value

    def process(self) -> int:
        return os.getpid()
