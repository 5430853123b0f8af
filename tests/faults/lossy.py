"""A network of its own for the browser, with loss and delay, as `tc netem` would make it.

A namespace joined to this one by two TUN devices, between which a task carries the packets, late or never. netem itself
is a kernel module that many machines lack; TUN they have.
"""

import asyncio
import fcntl
import os
import random
import secrets
import stat
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

_TUNSETIFF = 0x400454CA
_IFF_TUN = 0x0001
_IFF_NO_PI = 0x1000
_PACKET = 65_536


class Lossy:
    """`outside` is this machine's address as seen from inside; `wrapper` runs the program inside."""

    def __init__(self, outside: str, wrapper: str) -> None:
        self.outside, self.wrapper = outside, wrapper
        self.loss, self.delay_s = 0.0, 0.0
        self.carried = self.dropped = 0
        self._dice = random.Random(2)

    def disturb(self, *, loss: float, delay_s: float) -> None:
        """From now on: `loss` of the packets in either direction; what leaves the namespace is `delay_s` late."""
        self.loss, self.delay_s = loss, delay_s

    def carry(self, source: int, target: int, *, delayed: bool) -> None:
        """Take what there is from one device to the other."""
        with suppress(BlockingIOError):
            while packet := os.read(source, _PACKET):
                if self._dice.random() < self.loss:
                    self.dropped += 1
                    continue
                self.carried += 1
                if delayed and self.delay_s:
                    asyncio.get_running_loop().call_later(self.delay_s, _write, target, packet)
                else:
                    _write(target, packet)


@asynccontextmanager
async def network(folder: Path, program: str) -> AsyncIterator[Lossy]:
    """A namespace in which `wrapper` runs `program`; gone at the end. Skips the test where that is not permitted."""
    name = f"loom{secrets.token_hex(3)}"
    third = secrets.randbelow(200) + 20
    outside, inside = f"10.77.{third}.1", f"10.77.{third}.2"
    if os.geteuid() != 0 or await _ip("netns", "add", name):
        pytest.skip("network namespaces are not permitted here")
    devices: list[int] = []
    try:
        devices += [_tun(f"{name}o"), _tun(f"{name}i")]
        await _connect(name, outside, inside)
        wrapper = folder / "inside.sh"
        wrapper.write_text(f'#!/bin/sh\nexec ip netns exec {name} {program} "$@"\n')
        wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
        lossy = Lossy(outside, str(wrapper))
        loop = asyncio.get_running_loop()
        loop.add_reader(devices[0], lambda: lossy.carry(devices[0], devices[1], delayed=False))
        loop.add_reader(devices[1], lambda: lossy.carry(devices[1], devices[0], delayed=True))
        yield lossy
    finally:
        for device in devices:
            asyncio.get_running_loop().remove_reader(device)
            os.close(device)
        await _ip("netns", "del", name)


async def _connect(name: str, outside: str, inside: str) -> None:
    for command in (
        ("addr", "add", f"{outside}/24", "dev", f"{name}o"),
        ("link", "set", f"{name}o", "up"),
        ("link", "set", f"{name}i", "netns", name),
        ("-n", name, "addr", "add", f"{inside}/24", "dev", f"{name}i"),
        ("-n", name, "link", "set", f"{name}i", "up"),
        ("-n", name, "link", "set", "lo", "up"),
        ("-n", name, "route", "add", "default", "via", outside),
    ):
        assert await _ip(*command) == 0, command


def _tun(name: str) -> int:
    """A new TUN device; it goes when the descriptor is closed."""
    try:
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
    except OSError as error:
        pytest.skip(f"TUN devices are not permitted here: {error}")
    return device


def _write(device: int, packet: bytes) -> None:
    with suppress(OSError):  # the other end has gone, or has no room: lost, as on any network
        os.write(device, packet)


async def _ip(*words: str) -> int:
    process = await asyncio.create_subprocess_exec("ip", *words, stderr=asyncio.subprocess.DEVNULL)
    return await process.wait()
