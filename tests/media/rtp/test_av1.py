"""OBU elements of the AV1 payload format, 4.3; sizes come back, what nobody needs goes."""

import pytest

from media.rtp.av1 import DELIMITER, Av1Assembler, Element, elements, leb128, with_size

SEQUENCE, FRAME = b"\x08seq", b"\x30frame"


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        ("10 30 aa", [("30aa", False, False)]),  # W = 1: no length
        ("00 02 30 aa 01 30", [("30aa", False, False), ("30", False, False)]),  # W = 0: each has one
        ("20 01 08 30 aa", [("08", False, False), ("30aa", False, False)]),  # W = 2: the last has none
        ("d0 aa", [("aa", True, True)]),  # Z and Y: a middle piece
        ("60 01 08 30", [("08", False, False), ("30", False, True)]),  # Y belongs to the last
        ("a0 01 aa 30", [("aa", True, False), ("30", False, False)]),  # Z belongs to the first
    ],
)
def test_a_packet_is_cut_into_its_elements(payload: str, found: list[tuple[str, bool, bool]]) -> None:
    assert list(elements(bytes.fromhex(payload))) == [Element(bytes.fromhex(data), *rest) for data, *rest in found]


@pytest.mark.parametrize("payload", ["10", "00 05 30", "20 01 08", "30 01 08 30", "00 00"])
def test_a_packet_that_is_cut_short_is_refused(payload: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        list(elements(bytes.fromhex(payload)))


@pytest.mark.parametrize(("data", "value"), [("00", 0), ("7f", 127), ("8001", 128), ("e58e26", 624485)])
def test_leb128_is_read_and_written(data: str, value: int) -> None:
    encoded = bytes.fromhex(data)
    assert leb128(encoded, 0) == (value, len(encoded))
    assert with_size(b"\x30" + bytes(value)) == b"\x32" + encoded + bytes(value)


def test_sizes_are_given_back_and_delimiters_of_the_sender_left_out() -> None:
    assembler = Av1Assembler()
    packet = b"\x30" + b"\x01\x10" + b"\x04" + SEQUENCE + FRAME  # W = 3: delimiter, sequence header, frame
    found = assembler.add(packet, 0, marker=True)
    assert found
    assert found.nal_units == (DELIMITER + b"\x0a\x03seq" + b"\x32\x05frame",)
    assert found.key_frame


def test_a_layer_that_needs_another_is_left_out() -> None:
    assembler = Av1Assembler()
    upper = b"\x34\x08upper"  # an extension with spatial_id 1
    packet = b"\x30" + b"\x04" + SEQUENCE + b"\x06" + FRAME + upper
    found = assembler.add(packet, 0, marker=True)
    assert found
    assert found.nal_units == (DELIMITER + b"\x0a\x03seq" + b"\x32\x05frame",)


def test_an_obu_over_three_packets_is_one() -> None:
    assembler = Av1Assembler()
    assembler.add(b"\x60" + b"\x04" + SEQUENCE + b"\x30fr", 0, marker=False)
    assembler.add(b"\xd0" + b"am", 0, marker=False)
    found = assembler.add(b"\x90" + b"e", 0, marker=True)
    assert found
    assert found.nal_units == (DELIMITER + b"\x0a\x03seq" + b"\x32\x05frame",)
