"""In which order did the packets leave? Out of order goes in, in order comes out; what does not come is given up.

Owns no clock: every call takes `now` (monotonic seconds). Missing packets are asked for again and again (`asked`) until
they come or `give_up_s` has passed since they were missed.
"""

from typing import Final, Generic, NamedTuple, TypeVar

T = TypeVar("T")
AGAIN_S: Final = 0.02
ASSUMED_ROUND_TRIP_S: Final = 0.05
MOST_AHEAD: Final = 4096  # a 4K key frame has about 2,000 packets
MOST_ASKED: Final = 256


class Gap(NamedTuple):
    """So many packets are lost for good."""

    packets: int


class _Missing:
    __slots__ = ("asked", "since", "times")

    def __init__(self, since: float) -> None:
        self.since = since
        self.asked = float("-inf")
        self.times = 0


class ReorderBuffer(Generic[T]):
    """One stream of packets by unwrapped sequence number."""

    def __init__(self, give_up_s: float) -> None:
        self.give_up_s = give_up_s
        self.round_trip_s = ASSUMED_ROUND_TRIP_S
        self._next: int | None = None
        self._held: dict[int, T] = {}
        self._missing: dict[int, _Missing] = {}
        self._newest = -1
        self.lost = 0

    def passes(self, sequence: int) -> bool:
        """Whether a packet is the very next one and may go past the buffer, as almost all do."""
        if sequence != self._next or self._held:
            return False
        self._next, self._newest = sequence + 1, sequence
        return True

    def insert(self, sequence: int, packet: T, now: float) -> list[T | Gap]:
        """What can leave now that `packet` has come."""
        if self.passes(sequence):
            return [packet]
        if self._next is None:
            self._next, self._newest = sequence, sequence - 1
        if sequence < self._next or sequence in self._held:
            return []
        if sequence - self._next > MOST_AHEAD:
            return self._start_again(sequence, packet)
        if missing := self._missing.pop(sequence, None):
            self._learn(missing, now)
        self._held[sequence] = packet
        for skipped in range(self._newest + 1, sequence):
            self._missing[skipped] = _Missing(now)
        self._newest = max(self._newest, sequence)
        return self._drain()

    def expire(self, now: float) -> list[T | Gap]:
        """What can leave now that waiting for the oldest gap is over."""
        out: list[T | Gap] = []
        while self._next is not None and (missing := self._missing.get(self._next)):
            if now - missing.since < self.give_up_s:
                break
            first = self._next
            while self._next in self._missing and now - self._missing[self._next].since >= self.give_up_s:
                del self._missing[self._next]
                self._next += 1
            self.lost += self._next - first
            out.append(Gap(self._next - first))
            out += self._drain()
        return out

    def asked(self, now: float) -> list[int]:
        """Sequence numbers to ask for now (NACK, RFC 4585, 6.2.1)."""
        again = max(AGAIN_S, 1.5 * self.round_trip_s)
        due = [number for number, missing in self._missing.items() if now - missing.asked >= again][:MOST_ASKED]
        for number in due:
            self._missing[number].asked = now
            self._missing[number].times += 1
        return due

    @property
    def waiting(self) -> bool:
        """Whether anything is missing."""
        return bool(self._missing)

    def _learn(self, missing: _Missing, now: float) -> None:
        """What was asked for once and came tells how long that takes."""
        if missing.times == 1:
            self.round_trip_s += (now - missing.asked - self.round_trip_s) / 4

    def _drain(self) -> list[T | Gap]:
        out: list[T | Gap] = []
        assert self._next is not None
        while (packet := self._held.pop(self._next, None)) is not None:
            out.append(packet)
            self._next += 1
        return out

    def _start_again(self, sequence: int, packet: T) -> list[T | Gap]:
        """The sender has jumped: what was held is worthless."""
        assert self._next is not None
        count = sequence - self._next
        self.lost += len(self._missing)
        self._held.clear()
        self._missing.clear()
        self._next, self._newest = sequence + 1, sequence
        return [Gap(count), packet]
