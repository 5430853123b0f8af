"""AV1 temporal units from RTP payloads (RTP Payload Format For AV1, v1.0.0).

OBUs travel without their sizes; put together they get them back (AV1 bitstream specification, 5.2: low overhead). What
is only for a layer that needs another one is left out.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from media.rtp.assembler import FrameAssembler

_CONTINUES, _CONTINUED = 0x80, 0x40  # Z, Y of the aggregation header (4.4)
_HAS_EXTENSION, _HAS_SIZE = 0x04, 0x02
SEQUENCE_HEADER, TEMPORAL_DELIMITER, TILE_LIST, PADDING = 1, 2, 8, 15
LEFT_OUT: Final = (TEMPORAL_DELIMITER, TILE_LIST, PADDING)
DELIMITER: Final = bytes((TEMPORAL_DELIMITER << 3 | _HAS_SIZE, 0))
_MOST_SIZE_BYTES: Final = 8


class Element(NamedTuple):
    """An OBU, or a piece of one."""

    data: bytes
    continues: bool  # the one before
    continued: bool  # in the next packet


class Av1Assembler(FrameAssembler):
    """Pieces are whole OBUs; a key frame comes with its sequence header."""

    def __init__(self) -> None:
        super().__init__()
        self._is_open = False

    def _take(self, payload: bytes) -> None:
        for element in elements(payload):
            if element.continues != self._is_open:
                raise ValueError("a piece of an OBU is missing")
            if element.continues:
                self._pieces[-1] += element.data
            elif self._pieces:
                self._more(element.data)
            else:
                self._first(element.data, key_frame=False)
            self._is_key_frame |= self._pieces[-1][0] >> 3 & 15 == SEQUENCE_HEADER
            self._is_open = element.continued

    def _forget(self) -> None:
        super()._forget()
        self._is_open = False

    def _frame(self) -> bytes:
        if self._is_open:
            raise ValueError("the end of an OBU is missing")
        found = [with_size(obu) for obu in self._pieces if _is_wanted(obu)]
        return DELIMITER + b"".join(found) if found else b""


def elements(payload: bytes) -> Iterator[Element]:
    """The OBU elements of a packet (4.3). Raises ValueError or IndexError when one is cut short."""
    head, at = payload[0], 1
    count, number = head >> 4 & 3, 0
    while at < len(payload):
        number += 1
        size = len(payload) - at
        if number != count:  # the last of a known number has no length of its own
            size, at = leb128(payload, at)
        data = payload[at : at + size]
        at += size
        if not data or len(data) < size:
            raise ValueError("an OBU element is cut short")
        is_last = at >= len(payload)
        yield Element(data, number == 1 and bool(head & _CONTINUES), is_last and bool(head & _CONTINUED))
    if number == 0 or (count and number != count):
        raise ValueError("another number of OBU elements")


def leb128(data: bytes, at: int) -> tuple[int, int]:
    """A number (AV1, 4.10.5), and where it ends. Raises ValueError or IndexError."""
    value = 0
    for place in range(_MOST_SIZE_BYTES):
        byte = data[at + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError("a number of more than eight bytes")


def with_size(obu: bytes) -> bytes:
    """The same OBU with `obu_has_size_field`. Raises IndexError when its header is cut short."""
    if obu[0] & _HAS_SIZE:
        return obu
    head = 2 if obu[0] & _HAS_EXTENSION else 1
    if len(obu) < head:
        raise ValueError("an OBU header is cut short")
    return bytes((obu[0] | _HAS_SIZE,)) + obu[1:head] + _leb128(len(obu) - head) + obu[head:]


def _leb128(value: int) -> bytes:
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*found, value))


def _is_wanted(obu: bytes) -> bool:
    if obu[0] >> 3 & 15 in LEFT_OUT:
        return False
    return not (obu[0] & _HAS_EXTENSION) or not obu[1] >> 3 & 3  # spatial_id
