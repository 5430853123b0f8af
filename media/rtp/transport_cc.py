"""When did each packet arrive? Transport-wide congestion control (draft-holmer-rmcat-transport-wide-cc-extensions-01).

The sender's own bandwidth estimate lives on this: every packet's arrival, told every 100 ms.
"""

import struct
from typing import Final

from media.rtp.sequence import Unwrapper

TICK_S: Final = 0.000_25
REFERENCE_S: Final = 0.064
LARGEST: Final = 0x7FFF
MOST: Final = 400
_ABSENT, _SMALL, _LARGE = 0, 1, 2
_PER_CHUNK: Final = 7


class ArrivalLog:
    """Notes arrivals; `feedback` empties it."""

    def __init__(self) -> None:
        self._unwrap = Unwrapper(16)
        self._arrived: dict[int, float] = {}
        self._next: int | None = None
        self._count = 0

    def add(self, sequence: int, arrived: float) -> None:
        """A packet with transport sequence number `sequence` was read at `arrived`, monotonic seconds."""
        number = self._unwrap.unwrap(sequence)
        if self._next is None or number >= self._next:
            self._arrived.setdefault(number, arrived)

    def feedback(self) -> list[bytes]:
        """Bodies of feedback packets for all that has come since the last call."""
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
        known = [arrived for arrived in arrivals if arrived is not None]
        reference = int(known[0] / REFERENCE_S)
        symbols, deltas = [], b""
        before = round(reference * REFERENCE_S / TICK_S)
        for arrived in arrivals:
            if arrived is None:
                symbols.append(_ABSENT)
                continue
            delta = round(arrived / TICK_S) - before
            small = 0 <= delta <= 0xFF
            delta = max(-LARGEST - 1, min(delta, LARGEST))
            before += delta
            symbols.append(_SMALL if small else _LARGE)
            deltas += struct.pack(">B" if small else ">h", delta)
        head = struct.pack(">HHI", first & 0xFFFF, len(arrivals), (reference & 0xFFFFFF) << 8 | self._count & 0xFF)
        self._count += 1
        body = head + _chunks(symbols) + deltas
        return body + bytes(-len(body) % 4)


def _chunks(symbols: list[int]) -> bytes:
    """Status vectors of seven two-bit symbols (3.1.4)."""
    found = b""
    for start in range(0, len(symbols), _PER_CHUNK):
        chunk = 0b11
        for symbol in (symbols[start : start + _PER_CHUNK] + [_ABSENT] * _PER_CHUNK)[:_PER_CHUNK]:
            chunk = chunk << 2 | symbol
        found += struct.pack(">H", chunk)
    return found
