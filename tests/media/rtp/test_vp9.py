"""Payload descriptors of RFC 9628, 4.2; of spatial layers the lowest."""

import pytest

from media.rtp.vp9 import Descriptor, Vp9Assembler, descriptor, is_key_frame

KEY, DELTA = b"\x82\x49key", b"\x86\x00delta"


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ("08", Descriptor(True, 0, 1)),
        ("88 11", Descriptor(True, 0, 2)),  # I: 7 bits
        ("88 91 22", Descriptor(True, 0, 3)),  # I: 15 bits
        ("a8 91 22 02 07", Descriptor(True, 1, 5)),  # I and L: layer 1, TL0PICIDX
        ("b8 91 22 04", Descriptor(True, 2, 4)),  # flexible: no TL0PICIDX
        ("d0 91 22 03 04", Descriptor(False, 0, 5)),  # flexible and predicted: two references
        ("5c 02", Descriptor(True, 0, 2)),  # one reference, E
        ("0a 18 0140 00b4 02 14 01 18 01 02", Descriptor(True, 0, 1 + 1 + 4 + 1 + 2 + 3)),  # V with Y and G
        ("0a 20 ", Descriptor(True, 0, 2)),  # V: two layers, neither sizes nor a group
    ],
)
def test_a_descriptor_is_as_long_as_its_flags_say(payload: str, said: Descriptor) -> None:
    assert descriptor(bytes.fromhex(payload) + b"frame") == said


def test_a_fourth_reference_is_none() -> None:
    with pytest.raises(ValueError, match="three"):
        descriptor(bytes.fromhex("50 03 03 03 02"))


def test_a_key_frame_says_so_itself() -> None:
    assert [is_key_frame(bytes((head,))) for head in (0x82, 0xB1)] == [True, True]
    assert [is_key_frame(bytes((head,))) for head in (0x86, 0x8A, 0xB3)] == [False] * 3  # 0x8a shows an existing one


def test_of_layers_the_lowest_is_taken() -> None:
    assembler = Vp9Assembler()
    assert assembler.add(b"\x28\x00\x01" + KEY, 0, marker=False) is None
    found = assembler.add(b"\x28\x02\x01" + DELTA, 0, marker=True)  # layer 1 of the same picture
    assert found
    assert found.nal_units == (KEY,)
    assert found.key_frame
