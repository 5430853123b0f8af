"""Numbers that wrap, unwrapped: sequence numbers of 16 bits, timestamps of 32."""


class Unwrapper:
    """The nearest integer to the one before it that is congruent to what came."""

    def __init__(self, bits: int) -> None:
        self._modulus = 1 << bits
        self._half = self._modulus >> 1
        self._last: int | None = None

    def unwrap(self, value: int) -> int:
        """A growing integer, disorder aside."""
        found = self.peek(value)
        last = self._last
        if last is None or found > last:
            self._last = found
        return found

    def peek(self, value: int) -> int:
        """The same, without remembering it."""
        last = self._last
        if last is None:
            return value + self._modulus  # room for what comes late to lie before the first
        ahead = (value - last) % self._modulus
        return last + ahead if ahead < self._half else last + ahead - self._modulus
