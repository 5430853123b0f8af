"""H.264 access units from RTP payloads (RFC 6184): single NAL units, STAP-A, FU-A; ended by the marker bit.

After a gap nothing is passed on until the next key frame: what refers to a lost picture would show garbage.
"""

from collections.abc import Iterator
from typing import Final

from media.rtp.assembler import AccessUnit, Assembler

STAP_A: Final = 24
FU_A: Final = 28
IDR: Final = 5
_START: Final = 0x80
_END: Final = 0x40
_EDGES: Final = _START | _END


class H264Assembler(Assembler):
    """The assembler of H.264."""

    def __init__(self) -> None:
        super().__init__()
        self._units: list[bytes] = []
        self._fragments: list[bytes] = []
        self._after_gap = False

    @property
    def is_receiving_key_frame(self) -> bool:
        """Whether part of one has come: asking for another would only delay it."""
        if self._is_damaged:
            return False
        fragment = self._fragments[0][:1] if self._fragments else b""
        return any(unit[0] & 0x1F == IDR for unit in self._units) or (bool(fragment) and fragment[0] & 0x1F == IDR)

    def gap(self) -> None:
        """Packets are missing before the next one."""
        self._is_damaged = True
        self._after_gap = not (self._units or self._fragments)
        self._fragments.clear()
        self.needs_key_frame = True

    def _begin(self, timestamp: int) -> None:
        """A new frame; after a gap it is damaged itself, for its first packets may be among the lost ones."""
        if self._units or self._fragments:  # the marker of the frame before never came
            self.needs_key_frame = True
        self._units, self._fragments = [], []
        self._is_damaged = self._after_gap
        self._after_gap = False
        self._timestamp = timestamp

    def _take(self, payload: bytes) -> None:
        kind = payload[0] & 0x1F
        if kind == FU_A:
            if self._fragments and not payload[1] & _EDGES:
                self._fragments.append(payload[2:])
            else:
                self._fragment(payload)
        elif kind == STAP_A:
            self._units.extend(_aggregated(payload))
        elif 0 < kind < STAP_A:
            self._units.append(payload)

    def _fragment(self, payload: bytes) -> None:
        header = payload[1]
        if header & _START:
            self._fragments = [bytes(((payload[0] & 0xE0) | (header & 0x1F),))]
        elif not self._fragments:
            raise ValueError("the start of a fragmented unit is missing")
        self._fragments.append(payload[2:])
        if header & _END:
            self._units.append(b"".join(self._fragments))
            self._fragments = []

    def _end(self) -> AccessUnit | None:
        whole = bool(self._units) and not self._is_damaged and not self._fragments
        units = tuple(self._units) if whole else ()
        self._units, self._fragments, self._is_damaged = [], [], False
        return self._passed_on(units, key_frame=any(unit[0] & 0x1F == IDR for unit in units))


def _aggregated(payload: bytes) -> Iterator[bytes]:
    at = 1
    while at + 2 <= len(payload):
        size = int.from_bytes(payload[at : at + 2], "big")
        unit = payload[at + 2 : at + 2 + size]
        if size == 0 or len(unit) < size:
            raise ValueError("an aggregated unit is cut short")
        yield unit
        at += 2 + size
