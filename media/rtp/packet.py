"""An RTP packet (RFC 3550, 5.1) and the header extensions that matter here (RFC 8285)."""

import struct
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

_HEADER: Final = struct.Struct(">BBHII")
_ONE_BYTE: Final = 0xBEDE
_USUAL: Final = struct.Struct(">BBHIIHHBH")  # up to the first extension, which has two bytes
_PLAIN: Final = 0x90  # version 2, no padding, extensions, no contributing sources


class RtpPacket(Struct, frozen=True, gc=False):
    """`transport_sequence` is transport-wide-cc's number, or -1."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    transport_sequence: int = -1


def parse(data: bytes, transport_cc_id: int = 0) -> RtpPacket:
    """Raises ValueError for what is not RTP."""
    if len(data) >= _USUAL.size:
        first, second, sequence, timestamp, ssrc, profile, words, element, number = _USUAL.unpack_from(data)
        start, wanted = 16 + 4 * words, transport_cc_id << 4 | 1
        if first == _PLAIN and profile == _ONE_BYTE and words and element == wanted and start <= len(data):
            return RtpPacket(second & 0x7F, second > 0x7F, sequence, timestamp, ssrc, data[start:], number)
    return _parse(data, transport_cc_id)


def _parse(data: bytes, transport_cc_id: int) -> RtpPacket:
    """Whatever the header holds."""
    if len(data) < _HEADER.size:
        raise ValueError("shorter than a header")
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if first >> 6 != 2:
        raise ValueError(f"version {first >> 6}")
    start, end = 12 + 4 * (first & 0x0F), len(data)
    transport_sequence = -1
    if first & 0x10:
        if start + 4 > end:
            raise ValueError("the extension is cut short")
        profile, words = struct.unpack_from(">HH", data, start)
        extension = start + 4
        start = extension + 4 * words
        if transport_cc_id and profile == _ONE_BYTE:
            transport_sequence = _one_byte(data, extension, min(start, end), transport_cc_id)
    if first & 0x20:
        end -= data[-1]
    if start > end:
        raise ValueError("header and padding are longer than the packet")
    return RtpPacket(second & 0x7F, second > 0x7F, sequence, timestamp, ssrc, data[start:end], transport_sequence)


def _one_byte(data: bytes, at: int, end: int, wanted: int) -> int:
    """The 16-bit value of extension `wanted` (RFC 8285, 4.2), or -1."""
    while at < end:
        head = data[at]
        if head == 0:
            at += 1
            continue
        length = (head & 0x0F) + 1
        if head >> 4 == wanted and length == 2 and at + 3 <= end:
            return data[at + 1] << 8 | data[at + 2]
        at += 1 + length
    return -1


def from_retransmission(packet: RtpPacket, payload_type: int, ssrc: int) -> RtpPacket | None:
    """The original in an RTX packet (RFC 4588, 4); None for padding that only probes the path."""
    if len(packet.payload) <= 2:
        return None
    sequence = int.from_bytes(packet.payload[:2], "big")
    return replace(packet, payload_type=payload_type, ssrc=ssrc, sequence=sequence, payload=packet.payload[2:])
