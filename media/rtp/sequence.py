"""Numbers that wrap, unwrapped: sequence numbers of 16 bits, timestamps of 32."""


class Unwrapper:
    """The nearest integer to the one before it that is congruent to what came."""

    __slots__ = ("_half", "_last", "_modulus")

    def __init__(self, bits: int) -> None:
        self._modulus = 1 << bits
        self._half = self._modulus >> 1
        self._last: int | None = None

    def unwrap(self, value: int) -> int:
        """A growing integer, disorder aside."""
        last = self._last
        if last is None:
            self._last = found = self.peek(value)
            return found
        ahead = (value - last) % self._modulus
        if ahead < self._half:
            self._last = found = last + ahead
            return found
        return last + ahead - self._modulus

    def peek(self, value: int) -> int:
        """The same, without remembering it."""
        last = self._last
        if last is None:
            return value + self._modulus  # room for what comes late to lie before the first
        ahead = (value - last) % self._modulus
        return last + ahead if ahead < self._half else last + ahead - self._modulus
