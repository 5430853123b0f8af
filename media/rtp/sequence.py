"""Numbers that wrap, unwrapped: sequence numbers of 16 bits, timestamps of 32."""


class Unwrapper:
    """The nearest integer to the one before it that is congruent to what came."""

    def __init__(self, bits: int) -> None:
        self._modulus = 1 << bits
        self._last: int | None = None

    def unwrap(self, value: int) -> int:
        """A growing integer, disorder aside."""
        found = self.peek(value)
        if self._last is None or found > self._last:
            self._last = found
        return found

    def peek(self, value: int) -> int:
        """The same, without remembering it."""
        if self._last is None:
            return value + self._modulus  # room for what comes late to lie before the first
        half = self._modulus // 2
        return self._last + (value - self._last + half) % self._modulus - half
