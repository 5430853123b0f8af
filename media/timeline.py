"""Where on the recording's time line does an RTP timestamp lie?"""

from typing import Final

BACKWARDS_S: Final = 0.5  # the receive path hands on growing timestamps: less than before is another clock
AHEAD_S: Final = 4.0  # no network lets a timestamp run ahead of its arrival for longer than packets may be late
BEHIND_S: Final = 10.0
SLACKENING: Final = 1e-3  # seconds a second: lets the shortest way follow clocks that drift apart


class Timeline:
    """Maps one track's RTP timestamps to ticks of the recording; anchored by arrival, corrected by sender reports."""

    def __init__(self, timescale: int) -> None:
        self.timescale = timescale
        self._offset: int | None = None
        self._last_timestamp = 0
        self._last_arrived = 0.0

    def anchor(self, timestamp: int, ticks: int, arrived: float) -> None:
        """From here on `timestamp` is `ticks`."""
        self._offset = ticks - timestamp
        self._last_timestamp, self._last_arrived = timestamp, arrived

    @property
    def anchored(self) -> bool:
        """Whether `ticks` can be asked."""
        return self._offset is not None

    def forget(self) -> None:
        """The next timestamp has to be anchored anew."""
        self._offset = None

    def ticks(self, timestamp: int, arrived: float) -> int:
        """Ticks of a sample. A sender whose clock jumps is anchored anew, by arrival."""
        by_clock = (timestamp - self._last_timestamp) / self.timescale
        by_arrival = arrived - self._last_arrived
        if by_clock < -BACKWARDS_S or by_clock - by_arrival > AHEAD_S or by_arrival - by_clock > BEHIND_S:
            expected = self.at(self._last_timestamp) + round(by_arrival * self.timescale)
            self.anchor(timestamp, expected, arrived)
        elif by_clock > 0:
            self._last_timestamp, self._last_arrived = timestamp, arrived
        return self.at(timestamp)

    def at(self, timestamp: int) -> int:
        """Ticks of a timestamp, without looking at arrival. Raises ValueError before `anchor`."""
        if self._offset is None:
            raise ValueError("the time line has no anchor yet")
        return timestamp + self._offset

    def shift(self, ticks: int) -> None:
        """Everything from here on lies `ticks` later."""
        if self._offset is not None:
            self._offset += ticks


class Transit:
    """How long is the shortest way from the time line to here? The least arrival minus time that was seen, seconds."""

    def __init__(self, seconds: float, arrived: float) -> None:
        self.seconds = seconds
        self._arrived = arrived

    def see(self, time_s: float, arrived: float) -> None:
        """A sample of `time_s` has arrived."""
        slackened = self.seconds + SLACKENING * (arrived - self._arrived)
        self.seconds = min(slackened, arrived - time_s)
        self._arrived = arrived
