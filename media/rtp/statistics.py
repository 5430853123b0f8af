"""How well does one source come through? Loss and jitter for its report block (RFC 3550, 6.4.1, A.3 and A.8)."""

from media.rtp.rtcp import ReportBlock, SenderReport


class SourceStatistics:
    """One SSRC. Times in seconds, monotonic."""

    def __init__(self, ssrc: int, clock_rate: int) -> None:
        self.ssrc = ssrc
        self.received = 0
        self.received_bytes = 0
        self._clock_rate = clock_rate
        self._first: int | None = None
        self._highest = 0
        self._jitter = 0.0
        self._transit: float | None = None
        self._timestamp: int | None = None
        self._before = (0, 0)  # expected and received at the last report
        self._report: tuple[int, float] | None = None

    def add(self, sequence: int, timestamp: int, size_bytes: int, arrived: float) -> None:
        """A packet, by unwrapped sequence number; jitter is that of the first packet of each frame."""
        self.received += 1
        self.received_bytes += size_bytes
        self._highest = max(self._highest, sequence)
        if timestamp == self._timestamp:
            return
        if self._first is None:
            self._first = self._highest = sequence
        self._timestamp = timestamp
        transit = arrived * self._clock_rate - timestamp
        if self._transit is not None:
            self._jitter += (abs(transit - self._transit) - self._jitter) / 16
        self._transit = transit

    def heard(self, report: SenderReport, now: float) -> None:
        """A sender report came."""
        self._report = (report.middle_ntp, now)

    @property
    def expected(self) -> int:
        """Packets that should have come so far."""
        return 0 if self._first is None else self._highest - self._first + 1

    @property
    def lost(self) -> int:
        """Packets that have not come; retransmitted ones count as come."""
        return max(self.expected - self.received, 0)

    def block(self, now: float) -> ReportBlock:
        """The report block since the last call."""
        expected, received = self.expected - self._before[0], self.received - self._before[1]
        self._before = (self.expected, self.received)
        fraction = (expected - received) * 256 // expected if expected > 0 and expected > received else 0
        middle, delay = 0, 0
        if self._report:
            middle, delay = self._report[0], round((now - self._report[1]) * 65536)
        jitter = min(round(self._jitter), 0xFFFFFFFF)
        return ReportBlock(self.ssrc, min(fraction, 255), self.lost, self._highest, jitter, middle, delay & 0xFFFFFFFF)
