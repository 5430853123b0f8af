"""Payload descriptors of RFC 7741, 4.2, and what begins a frame."""

import pytest

from media.rtp.vp8 import START_CODE, Vp8Assembler, descriptor

KEY = b"\x10\x00\x00" + START_CODE + b"rest"
DELTA = b"\x11\x00\x00rest"


@pytest.mark.parametrize(
    ("payload", "size"),
    [
        ("10", 1),  # S alone
        ("90 00", 2),  # X without a field
        ("90 80 11", 3),  # I: 7 bits
        ("90 80 91 22", 4),  # I: 15 bits
        ("90 c0 91 22 05", 5),  # I and L
        ("90 e0 91 22 05 60", 6),  # I, L and T
        ("90 10 1f", 3),  # K alone: one byte, shared with T
        ("90 30 1f", 3),  # T and K share it
        ("80 40 05", 3),  # L alone
    ],
)
def test_a_descriptor_is_as_long_as_its_flags_say(payload: str, size: int) -> None:
    assert descriptor(bytes.fromhex(payload) + b"frame") == size


def test_a_second_partition_does_not_begin_a_frame() -> None:
    assembler = Vp8Assembler()
    assert assembler.add(b"\x10" + KEY, 0, marker=False) is None
    found = assembler.add(b"\x11" + b"partition", 0, marker=True)  # S with PID 1
    assert found
    assert found.nal_units == (KEY + b"partition",)
    assert found.key_frame


def test_a_frame_without_its_first_packet_is_damaged() -> None:
    assembler = Vp8Assembler()
    assembler.add(b"\x10" + KEY, 0, marker=True)
    assert assembler.add(b"\x00" + DELTA, 1, marker=True) is None
    assert (assembler.damaged_frames, assembler.needs_key_frame) == (1, True)


def test_a_key_frame_without_its_start_code_is_none() -> None:
    assembler = Vp8Assembler()
    assert assembler.add(b"\x10\x10\x00\x00\x00\x00\x00", 0, marker=True) is None
    assert assembler.needs_key_frame
