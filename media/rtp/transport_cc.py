"""When did each packet arrive? Transport-wide congestion control (draft-holmer-rmcat-transport-wide-cc-extensions-01).

The sender's own bandwidth estimate lives on this: every packet's arrival, told every 100 ms.
"""

import struct
from collections.abc import Sequence
from operator import sub
from typing import Final

from media.rtp.sequence import Unwrapper

TICKS_A_SECOND: Final = 4000
TICKS_A_REFERENCE: Final = 256  # 64 ms
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
        self._next: int | None = None
        self._count = 0

    def add(self, sequence: int, arrived: float) -> None:
        """A packet with transport sequence number `sequence` came at `arrived`, monotonic seconds."""
        self._noted.append((sequence, arrived))

    def feedback(self) -> list[bytes]:
        """Bodies of feedback packets for all that has come since the last call."""
        if not self._noted:
            return []
        noted, self._noted = self._noted, []
        first, numbers = self._unwrap.peek(noted[0][0]), [sequence for sequence, _ in noted]
        if first == self._next and len(noted) <= MOST and numbers == list(range(numbers[0], numbers[0] + len(noted))):
            self._unwrap.unwrap(numbers[-1])
            return [self._body(first, [arrived for _, arrived in noted])]
        return self._with_gaps(noted)

    def _with_gaps(self, noted: list[tuple[int, float]]) -> list[bytes]:
        """Where something is missing, out of order, or the numbers wrap."""
        arrived: dict[int, float] = {}
        for sequence, when in noted:
            number = self._unwrap.unwrap(sequence)
            if self._next is None or number >= self._next:
                arrived.setdefault(number, when)
        bodies = []
        while arrived:
            oldest = min(arrived)
            first = oldest if self._next is None else max(min(self._next, oldest), oldest - MOST // 2)
            last = min(max(arrived), first + MOST - 1)
            bodies.append(self._body(first, [arrived.pop(number, None) for number in range(first, last + 1)]))
        return bodies

    def _body(self, first: int, arrivals: Sequence[float | None]) -> bytes:
        """Of `first` and those behind it; at least one has come."""
        ticks = [int(arrived * TICKS_A_SECOND + 0.5) for arrived in arrivals if arrived is not None]
        reference = ticks[0] // TICKS_A_REFERENCE
        deltas = list(map(sub, ticks, (reference * TICKS_A_REFERENCE, *ticks)))
        if len(deltas) == len(arrivals) and min(deltas) >= 0 and max(deltas) <= _LARGEST_SMALL:
            said = _run(_SMALL, len(arrivals)) + bytes(deltas)
        else:
            said = _mixed(arrivals, reference * TICKS_A_REFERENCE)
        head = struct.pack(">HHI", first & 0xFFFF, len(arrivals), (reference & 0xFFFFFF) << 8 | self._count & 0xFF)
        self._count += 1
        self._next = first + len(arrivals)
        return head + said + bytes(-len(said) % 4)


def _mixed(arrivals: Sequence[float | None], before: int) -> bytes:
    """Chunks and deltas; `before` is the time that the first delta counts from, ticks."""
    symbols, deltas = bytearray(), bytearray()
    for arrived in arrivals:
        if arrived is None:
            symbols.append(_ABSENT)
            continue
        delta = int(arrived * TICKS_A_SECOND + 0.5) - before
        if 0 <= delta <= _LARGEST_SMALL:
            symbols.append(_SMALL)
            deltas.append(delta)
        else:
            delta = max(-LARGEST - 1, min(delta, LARGEST))
            symbols.append(_LARGE)
            deltas += delta.to_bytes(2, "big", signed=True)
        before += delta
    return _chunks(symbols) + deltas


def _run(symbol: int, length: int) -> bytes:
    """So many times the same (3.1.3)."""
    return struct.pack(">H", symbol << 13 | length)


def _chunks(symbols: bytearray) -> bytes:
    """One run where all are the same (3.1.3), status vectors of seven two-bit symbols where not (3.1.4)."""
    if symbols.count(symbols[0]) == len(symbols):
        return _run(symbols[0], len(symbols))
    found = bytearray()
    symbols += bytes(-len(symbols) % _PER_CHUNK)
    for start in range(0, len(symbols), _PER_CHUNK):
        chunk = 0b11
        for symbol in symbols[start : start + _PER_CHUNK]:
            chunk = chunk << 2 | symbol
        found += struct.pack(">H", chunk)
    return bytes(found)
