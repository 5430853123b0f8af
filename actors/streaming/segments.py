"""Which messages wait for which segment? Positions only, no payload: what a segment holds is read from the log.

A segment is ripe when a later one of its rendition has begun, or when nothing has come for a while (a pause; or its
closing message went to another process). A ripe segment that gains a part is stored again, whole.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from nats.aio.msg import Msg

IDLE_S: Final = 8.0


class SegmentKey(NamedTuple):
    """One segment of one rendition."""

    recording_id: str
    rendition: str
    number: int


class Waiting:
    """A segment and the deliveries that are acknowledged once it is stored. Owned by the archiver's task."""

    def __init__(self, key: SegmentKey) -> None:
        self.key = key
        self.deliveries: dict[int, Msg] = {}
        self.touched = 0.0
        self.storing = False

    def add(self, sequence: int, delivery: Msg, now: float) -> None:
        """A redelivery takes the place of the delivery before it."""
        self.deliveries[sequence] = delivery
        self.touched = now

    def settled(self, last: int) -> list[Msg]:
        """All up to sequence `last` is stored; gives back the deliveries that waited for it."""
        return [self.deliveries.pop(sequence) for sequence in list(self.deliveries) if sequence <= last]


class OpenSegments:
    """All that wait, and how far each rendition has come."""

    def __init__(self) -> None:
        self._waiting: dict[SegmentKey, Waiting] = {}
        self._newest: dict[tuple[str, str], int] = {}
        self._sealing: set[str] = set()

    def add(self, key: SegmentKey, sequence: int, delivery: Msg, now: float) -> None:
        """One part has come."""
        self._waiting.setdefault(key, Waiting(key)).add(sequence, delivery, now)
        rendition = key.recording_id, key.rendition
        self._newest[rendition] = max(self._newest.get(rendition, 0), key.number)

    def ripe(self, now: float) -> Iterator[Waiting]:
        """Those to be stored now and not being stored yet."""
        for waiting in list(self._waiting.values()):
            if not waiting.storing and self._is_ripe(waiting, now):
                yield waiting

    def drop(self, key: SegmentKey) -> None:
        """It is stored and acknowledged."""
        self._waiting.pop(key, None)

    def seal(self, recording_id: str) -> None:
        """The recording has ended: sealing stores what is left of it, nobody else."""
        self._sealing.add(recording_id)

    def is_sealing(self, recording_id: str) -> bool:
        """Whether `seal` was called and `sealed` not yet."""
        return recording_id in self._sealing

    def sealed(self, recording_id: str, last: int) -> list[Msg]:
        """All up to sequence `last` is stored; gives back the deliveries that waited for it."""
        self._sealing.discard(recording_id)
        for rendition in [r for r in self._newest if r[0] == recording_id]:
            del self._newest[rendition]
        return [delivery for waiting in self._of(recording_id) for delivery in self._take(waiting, last)]

    def messages(self) -> int:
        """How many deliveries are held."""
        return sum(len(waiting.deliveries) for waiting in self._waiting.values())

    def _of(self, recording_id: str) -> list[Waiting]:
        return [waiting for key, waiting in self._waiting.items() if key.recording_id == recording_id]

    def _take(self, waiting: Waiting, last: int) -> list[Msg]:
        taken = waiting.settled(last)
        if not waiting.deliveries and not waiting.storing:
            self.drop(waiting.key)
        return taken

    def _is_ripe(self, waiting: Waiting, now: float) -> bool:
        key = waiting.key
        if key.recording_id in self._sealing:
            return False
        newer = self._newest.get((key.recording_id, key.rendition), 0) > key.number
        return newer or now - waiting.touched > IDLE_S
