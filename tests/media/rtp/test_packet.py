"""RTP as bytes: headers, extensions, padding, retransmission."""

import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from media.rtp.packet import RtpPacket, _parse, from_retransmission, parse
from media.rtp.sequence import Unwrapper


def packet(
    payload: bytes = b"abc", *, marker: bool = False, extension: bytes = b"", padding: int = 0, csrcs: int = 0
) -> bytes:
    first = 0x80 | csrcs | (0x10 if extension else 0) | (0x20 if padding else 0)
    head = struct.pack(">BBHII", first, 102 | (0x80 if marker else 0), 65_535, 0xFFFFFFFF, 7) + bytes(4 * csrcs)
    tail = bytes(padding - 1) + bytes((padding,)) if padding else b""
    return head + extension + payload + tail


def one_byte(*elements: bytes) -> bytes:
    body = b"".join(elements)
    body += bytes(-len(body) % 4)
    return struct.pack(">HH", 0xBEDE, len(body) // 4) + body


TRANSPORT_CC = one_byte(b"\x10\x61", b"\x00", b"\x31\x12\x34")
TRANSPORT_CC_FIRST = one_byte(b"\x31\x12\x34", b"\x10\x61")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (packet(), RtpPacket(102, False, 65_535, 0xFFFFFFFF, 7, b"abc")),
        (packet(marker=True, csrcs=2), RtpPacket(102, True, 65_535, 0xFFFFFFFF, 7, b"abc")),
        (packet(padding=4), RtpPacket(102, False, 65_535, 0xFFFFFFFF, 7, b"abc")),
        (packet(b"", padding=200), RtpPacket(102, False, 65_535, 0xFFFFFFFF, 7, b"")),
        (packet(extension=TRANSPORT_CC), RtpPacket(102, False, 65_535, 0xFFFFFFFF, 7, b"abc", 0x1234)),
        (packet(extension=TRANSPORT_CC_FIRST), RtpPacket(102, False, 65_535, 0xFFFFFFFF, 7, b"abc", 0x1234)),
    ],
)
def test_a_packet_is_read(data: bytes, expected: RtpPacket) -> None:
    assert parse(data, transport_cc_id=3) == expected


@pytest.mark.parametrize("data", [b"", b"\x80" * 11, b"\x00" * 12, b"\xa0" + bytes(11) + b"\xff", b"\x9f" + bytes(20)])
def test_what_is_no_packet_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(data)


@given(st.binary(min_size=0, max_size=100))
def test_garbage_is_read_or_refused_and_nothing_else(data: bytes) -> None:
    try:
        parse(b"\xb0" + data, transport_cc_id=3)
    except ValueError:
        return


def read(parser: Callable[[bytes, int], RtpPacket], data: bytes) -> RtpPacket | None:
    try:
        return parser(data, 3)
    except ValueError:
        return None


@given(
    st.sampled_from([0x80, 0x90, 0xB0, 0x92, 0x10]),
    st.sampled_from([0xBEDE, 0x1000]),
    st.integers(0, 3),
    st.sampled_from([0x31, 0x30, 0x41, 0]),
    st.binary(max_size=20),
)
def test_the_usual_header_is_read_like_any_other(
    first: int, profile: int, words: int, element: int, rest: bytes
) -> None:
    data = struct.pack(">BBHIIHHB", first, 0xE6, 1, 2, 3, profile, words, element) + rest
    assert read(parse, data) == read(_parse, data)


def test_a_retransmission_gives_back_the_original() -> None:
    sent = RtpPacket(103, True, 5, 900, 8, b"\x12\x34payload")
    assert from_retransmission(sent, 102, 7) == RtpPacket(102, True, 0x1234, 900, 7, b"payload")
    assert from_retransmission(replace(sent, payload=b"\x12\x34"), 102, 7) is None


@given(st.lists(st.integers(-1000, 30_000), max_size=200))
def test_numbers_are_unwrapped_across_any_number_of_turns(steps: list[int]) -> None:
    value, unwrapper = 65_000, Unwrapper(16)
    first = unwrapper.unwrap(value)
    newest = value
    for step in steps:
        value = newest + step
        assert unwrapper.unwrap(value % 65_536) - first == value - 65_000
        newest = max(newest, value)
