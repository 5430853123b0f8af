"""How fast may a client send? As fast as it likes for a moment, then so much a second; who sends more is read later."""


class Allowance:
    """A token bucket: `a_second` on the average, `at_once` at the most. Owns no clock: every call brings the time."""

    def __init__(self, a_second: float, at_once: float, now: float) -> None:
        self._a_second = a_second
        self._at_once = at_once
        self._left = at_once
        self._seen = now

    def take(self, amount: float, now: float) -> float:
        """Use so much; how many seconds to wait before more is read."""
        self._left = min(self._at_once, self._left + (now - self._seen) * self._a_second) - amount
        self._seen = now
        return max(0.0, -self._left / self._a_second)
