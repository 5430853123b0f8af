"""When did each packet arrive? Transport-wide congestion control (draft-holmer-rmcat-transport-wide-cc-extensions-01).

The sender's own bandwidth estimate lives on this: every packet's arrival, told every 100 ms.
"""

import struct
from typing import Final

from media.rtp.sequence import Unwrapper

TICK_S: Final = 0.000_25
REFERENCE_S: Final = 0.064
LARGEST: Final = 0x7FFF
_LARGEST_SMALL: Final = 0xFF
MOST: Final = 400
_ABSENT, _SMALL, _LARGE = 0, 1, 2
_PER_CHUNK: Final = 7


class ArrivalLog:
    """Notes arrivals; `feedback` empties it."""

    def __init__(self) -> None:
        self._unwrap = Unwrapper(16)
        self._noted: list[tuple[int, float]] = []
        self._arrived: dict[int, float] = {}
        self._next: int | None = None
        self._count = 0

    def add(self, sequence: int, arrived: float) -> None:
        """A packet with transport sequence number `sequence` was read at `arrived`, monotonic seconds."""
        self._noted.append((sequence, arrived))

    def feedback(self) -> list[bytes]:
        """Bodies of feedback packets for all that has come since the last call."""
        unwrap = self._unwrap.unwrap
        for sequence, arrived in self._noted:
            number = unwrap(sequence)
            if self._next is None or number >= self._next:
                self._arrived.setdefault(number, arrived)
        self._noted.clear()
        bodies = []
        while self._arrived:
            first = min(self._arrived) if self._next is None else min(self._next, *self._arrived)
            first = max(first, min(self._arrived) - MOST // 2)
            last = min(max(self._arrived), first + MOST - 1)
            bodies.append(self._body(first, last))
            self._next = last + 1
        return bodies

    def _body(self, first: int, last: int) -> bytes:
        arrivals = [self._arrived.pop(number, None) for number in range(first, last + 1)]
        earliest = next(arrived for arrived in arrivals if arrived is not None)
        reference = int(earliest / REFERENCE_S)
        symbols, deltas = bytearray(), bytearray()
        before = round(reference * REFERENCE_S / TICK_S)
        for arrived in arrivals:
            if arrived is None:
                symbols.append(_ABSENT)
                continue
            delta = round(arrived / TICK_S) - before
            if 0 <= delta <= _LARGEST_SMALL:
                symbols.append(_SMALL)
                deltas.append(delta)
            else:
                delta = max(-LARGEST - 1, min(delta, LARGEST))
                symbols.append(_LARGE)
                deltas += delta.to_bytes(2, "big", signed=True)
            before += delta
        head = struct.pack(">HHI", first & 0xFFFF, len(arrivals), (reference & 0xFFFFFF) << 8 | self._count & 0xFF)
        self._count += 1
        body = head + _chunks(symbols) + deltas
        return body + bytes(-len(body) % 4)


def _chunks(symbols: bytearray) -> bytes:
    """One run where all are the same (3.1.3), status vectors of seven two-bit symbols where not (3.1.4)."""
    if symbols.count(symbols[0]) == len(symbols):
        return struct.pack(">H", symbols[0] << 13 | len(symbols))
    found = bytearray()
    symbols += bytes(-len(symbols) % _PER_CHUNK)
    for start in range(0, len(symbols), _PER_CHUNK):
        chunk = 0b11
        for symbol in symbols[start : start + _PER_CHUNK]:
            chunk = chunk << 2 | symbol
        found += struct.pack(">H", chunk)
    return bytes(found)
