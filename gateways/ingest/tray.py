"""How is a socket emptied? Into the same memory each time, and on Linux in one call, which notes when each one came.

A sender's bandwidth estimate takes the time that a datagram lies in the socket for a queue, so its arrival is noted by
the kernel where it can be (`SO_TIMESTAMPNS`, beside `recvmmsg(2)`). Elsewhere a datagram comes when it is read.
"""

import ctypes
import socket
import struct
import sys
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any, Final

LONGEST_DATAGRAM: Final = 1500  # a longer one makes aiortc's DTLS transport close (INGEST.md)
PLACE_BYTES: Final = 1536
PLACES: Final = 64
LONGEST_WAIT_S: Final = 1.0

Datagram = tuple[int, int, float]
"""In which place it lies, how long it is (more than `LONGEST_DATAGRAM`: cut off), when it came (monotonic seconds)."""


class Tray(ABC):
    """Room for `PLACES` datagrams, one behind the other; what lies there is gone with the next `fill`."""

    def __init__(self) -> None:
        self.memory = bytearray(PLACES * PLACE_BYTES)

    @abstractmethod
    def prepare(self, found: socket.socket) -> None:
        """Set a socket up that is to be emptied. Raises OSError."""

    @abstractmethod
    def fill(self, found: socket.socket) -> list[Datagram]:
        """What has come, in order; fewer than `PLACES` when that is all, or the socket was closed."""

    @abstractmethod
    def address(self, place: int) -> Any:
        """From where it came, as `recvfrom` says it."""

    def data(self, datagram: Datagram) -> bytes:
        """A copy to keep."""
        place, size, _ = datagram
        return bytes(self.memory[place * PLACE_BYTES : place * PLACE_BYTES + size])


class PlainTray(Tray):
    """One call a datagram: what every system can do."""

    def __init__(self) -> None:
        super().__init__()
        view = memoryview(self.memory)
        self._places = [view[place * PLACE_BYTES : (place + 1) * PLACE_BYTES] for place in range(PLACES)]
        self._addresses: list[Any] = [None] * PLACES

    def prepare(self, found: socket.socket) -> None:
        """Nothing is to be done."""

    def fill(self, found: socket.socket) -> list[Datagram]:
        """See `Tray`."""
        now = time.monotonic()
        datagrams: list[Datagram] = []
        with suppress(OSError):
            for place, room in enumerate(self._places):
                size, self._addresses[place] = found.recvfrom_into(room)
                datagrams.append((place, size, now))
        return datagrams

    def address(self, place: int) -> Any:
        """See `Tray`."""
        return self._addresses[place]


class _Piece(ctypes.Structure):
    """`struct iovec`."""

    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


class _Header(ctypes.Structure):
    """`struct msghdr`."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_size", ctypes.c_uint),
        ("pieces", ctypes.c_void_p),
        ("piece_count", ctypes.c_size_t),
        ("notes", ctypes.c_void_p),
        ("notes_size", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    """`struct mmsghdr`."""

    _fields_ = (("header", _Header), ("size", ctypes.c_uint))


_SO_TIMESTAMPNS: Final = 35  # socket(7); Python has no name for it
_NAME_BYTES: Final = 28  # struct sockaddr_in6
_NOTE: Final = struct.Struct(f"@{socket.CMSG_LEN(0)}xll")  # struct cmsghdr, struct timespec
_MESSAGE_BYTES: Final = ctypes.sizeof(_Message)
_SIZE: Final = struct.Struct(f"@{_Message.size.offset}xI{_MESSAGE_BYTES - _Message.size.offset - 4}x")


class LinuxTray(Tray):
    """One call for all of them. Raises AttributeError where the C library has no `recvmmsg`."""

    def __init__(self) -> None:
        super().__init__()
        self._receive = ctypes.CDLL(None).recvmmsg
        self._receive.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)
        self._names, notes = bytearray(PLACES * _NAME_BYTES), bytearray(PLACES * _NOTE.size)
        base, name, note = _where(self.memory), _where(self._names), _where(notes)
        self._pieces = (_Piece * PLACES)(*(_Piece(base + place * PLACE_BYTES, PLACE_BYTES) for place in range(PLACES)))
        piece = ctypes.addressof(self._pieces)
        headers = (
            _Header(
                *(name + place * _NAME_BYTES, _NAME_BYTES),
                *(piece + place * ctypes.sizeof(_Piece), 1),
                *(note + place * _NOTE.size, _NOTE.size),
            )
            for place in range(PLACES)
        )
        messages = (_Message * PLACES)(*map(_Message, headers))
        self._messages_at = ctypes.addressof(messages)
        self._messages = memoryview(messages).cast("B")
        self._blank = bytes(self._messages)
        self._notes = memoryview(notes)

    def prepare(self, found: socket.socket) -> None:
        """Have arrivals noted."""
        found.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)

    def fill(self, found: socket.socket) -> list[Datagram]:
        """See `Tray`."""
        count = self._receive(found.fileno(), self._messages_at, PLACES, socket.MSG_DONTWAIT, None)
        if count <= 0:
            return []
        now = time.monotonic()
        behind, used = now - time.time(), count * _MESSAGE_BYTES
        sizes = _SIZE.iter_unpack(self._messages[:used])
        notes = _NOTE.iter_unpack(self._notes[: count * _NOTE.size])
        datagrams = [
            (place, size, seconds + nanoseconds * 1e-9 + behind)
            for place, ((size,), (seconds, nanoseconds)) in enumerate(zip(sizes, notes, strict=True))
        ]
        self._messages[:used] = self._blank[:used]
        if now - LONGEST_WAIT_S < datagrams[0][2] <= now:
            return datagrams
        return [(place, size, now) for place, size, _ in datagrams]  # the clock was set meanwhile

    def address(self, place: int) -> Any:
        """See `Tray`."""
        name = self._names[place * _NAME_BYTES : (place + 1) * _NAME_BYTES]
        (family,) = struct.unpack_from("@H", name)
        if family == socket.AF_INET:
            return socket.inet_ntop(family, name[4:8]), int.from_bytes(name[2:4], "big")
        port, flow = struct.unpack_from(">HI", name, 2)
        (scope,) = struct.unpack_from("@I", name, 24)
        return socket.inet_ntop(family, name[8:24]), port, flow, scope


def _where(buffer: bytearray) -> int:
    return ctypes.addressof((ctypes.c_char * len(buffer)).from_buffer(buffer))


def tray() -> Tray:
    """The best one there is here."""
    if sys.platform == "linux":
        with suppress(AttributeError):
            return LinuxTray()
    return PlainTray()
