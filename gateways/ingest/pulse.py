"""When does a gateway wake up? On one beat for all its sources: packets are read, feedback is sent, parts are closed.

A wake-up costs as much CPU as thirty packets (0.3 ms on two virtual cores; ADR 6), so there is no reader and no timer
per source. While sources follow, everything waits for the beat; while none does, the first datagram begins one.
"""

import asyncio
import selectors
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final

from gateways.ingest.tray import PLACES, Datagram, Tray, tray

BEAT_S: Final = 0.025
RECEIVE_BUFFER: Final = 8 << 20  # a 4K key frame comes as one burst
MOST_AT_ONCE: Final = 4096  # of one socket, before the others have their turn

Step = Callable[[float], None]


class DatagramsProtocol(asyncio.DatagramProtocol):
    """A protocol that takes all that has come at once."""

    def datagrams_received(self, datagrams: list[Datagram], tray: Tray) -> None:
        """In the order in which they came; they lie in `tray` until this returns."""
        raise NotImplementedError


class Pulse:
    """The UDP sockets of one event loop, and what is to be done every `BEAT_S`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.tray = tray()
        self._selector = selectors.DefaultSelector()
        self._followers: set[tuple[Step, ...]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._watch()

    def open(self, address: str, port: int, protocol: DatagramsProtocol) -> "Transport":
        """Bind a socket, with `protocol` behind it. Raises OSError."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        found = socket.socket(family, socket.SOCK_DGRAM)
        try:
            found.setblocking(False)  # noqa: FBT003
            found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            self.tray.prepare(found)
            found.bind((address, port))
        except OSError:
            found.close()
            raise
        transport = Transport(found, protocol, self._loop, self._selector)
        self._selector.register(found, selectors.EVENT_READ, partial(self._empty, found, protocol))
        protocol.connection_made(transport)
        return transport

    def follow(self, steps: tuple[Step, ...]) -> None:
        """Call them on every beat with the loop's time, after its packets; every follower has the same number.

        All first steps come before any second one: the code of a step is then in the processor's caches.
        """
        self._followers.add(steps)
        if self._timer is None:
            self._begin()

    def leave(self, steps: tuple[Step, ...]) -> None:
        """No longer."""
        self._followers.discard(steps)

    def close(self) -> None:
        """Once all sockets are closed."""
        if self._timer:
            self._timer.cancel()
        self._loop.remove_reader(self._selector.fileno())
        self._selector.close()

    def _watch(self) -> None:
        """Without followers: wait for a datagram."""
        self._timer = None
        self._loop.add_reader(self._selector.fileno(), self._begin)

    def _begin(self) -> None:
        self._loop.remove_reader(self._selector.fileno())
        self._beat(self._loop.time())

    def _beat(self, due: float) -> None:
        ready = self._selector.select(0)
        if not ready and not self._followers:
            self._watch()
            return
        now = self._loop.time()
        due = max(due + BEAT_S, now)
        self._timer = self._loop.call_at(due, self._beat, due)
        for key, _ in ready:
            self._guarded(key.data)
        for step in zip(*self._followers, strict=True):
            for one in step:
                self._guarded(one, now)

    def _empty(self, found: socket.socket, protocol: DatagramsProtocol) -> None:
        for _ in range(MOST_AT_ONCE // PLACES):
            datagrams = self.tray.fill(found)
            if datagrams:
                protocol.datagrams_received(datagrams, self.tray)
            if len(datagrams) < PLACES:
                return

    def _guarded(self, work: Callable[..., None], *arguments: float) -> None:
        """One source's trouble is not another's."""
        try:
            work(*arguments)
        except Exception as error:  # noqa: BLE001
            self._loop.call_exception_handler({"message": "A beat failed for one source", "exception": error})


class Transport(asyncio.DatagramTransport):
    """What asyncio's and uvloop's are to a protocol; what cannot be sent at once is lost, as on any network."""

    def __init__(
        self,
        found: socket.socket,
        protocol: asyncio.DatagramProtocol,
        loop: asyncio.AbstractEventLoop,
        selector: selectors.BaseSelector,
    ) -> None:
        super().__init__({"socket": found, "sockname": found.getsockname()})
        self._socket, self._protocol, self._loop, self._selector = found, protocol, loop, selector

    def sendto(self, data: Any, addr: Any = None) -> None:
        """Send now or never."""
        with suppress(OSError):
            self._socket.sendto(data, addr)

    def is_closing(self) -> bool:
        """Whether `close` was called."""
        return self._socket.fileno() < 0

    def close(self) -> None:
        """Free the port."""
        if not self.is_closing():
            self._selector.unregister(self._socket)
            self._socket.close()
            self._loop.call_soon(self._protocol.connection_lost, None)
