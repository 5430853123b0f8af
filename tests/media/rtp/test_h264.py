"""Payloads become access units; after a loss nothing is shown until the next key frame."""

from itertools import pairwise

from media.rtp.assembler import AccessUnit
from media.rtp.h264 import H264Assembler

SPS, PPS, IDR, SLICE = b"\x67sps", b"\x68pps", b"\x65" + b"i" * 5000, b"\x41" + b"p" * 30


def aggregated(*units: bytes) -> bytes:
    return b"\x78" + b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)


def fragments(unit: bytes, size: int = 1000) -> list[bytes]:
    pieces = [unit[1:][at : at + size] for at in range(0, len(unit) - 1, size)]
    flags = [0x80 * (n == 0) | 0x40 * (n == len(pieces) - 1) for n in range(len(pieces))]
    return [
        bytes(((unit[0] & 0xE0) | 28, flag | unit[0] & 0x1F)) + piece for flag, piece in zip(flags, pieces, strict=True)
    ]


def key_frame(assembler: H264Assembler, timestamp: int = 0) -> AccessUnit | None:
    payloads = [aggregated(SPS, PPS), *fragments(IDR)]
    found = None
    for number, payload in enumerate(payloads):
        found = assembler.add(payload, timestamp, marker=number == len(payloads) - 1)
    return found


def test_a_key_frame_in_pieces_is_put_together() -> None:
    assert key_frame(H264Assembler()) == AccessUnit((SPS, PPS, IDR), 0, key_frame=True)


def test_a_frame_is_complete_with_its_marker_not_with_the_next_frame() -> None:
    assembler = H264Assembler()
    key_frame(assembler)
    assert assembler.add(SLICE, 3000, marker=True) == AccessUnit((SLICE,), 3000, key_frame=False)


def test_nothing_is_passed_on_before_the_first_key_frame() -> None:
    assembler = H264Assembler()
    assert assembler.add(SLICE, 0, marker=True) is None
    assert assembler.needs_key_frame
    assert key_frame(assembler, 3000)
    assert not assembler.needs_key_frame


def test_a_gap_inside_a_frame_drops_it_and_all_until_the_next_key_frame() -> None:
    assembler = H264Assembler()
    key_frame(assembler)
    assembler.add(fragments(SLICE * 100)[0], 3000, marker=False)
    assembler.gap()
    assert assembler.add(fragments(SLICE * 100)[-1], 3000, marker=True) is None
    assert assembler.add(SLICE, 6000, marker=True) is None
    assert assembler.needs_key_frame
    assert key_frame(assembler, 9000)


def test_a_gap_between_frames_drops_the_one_that_follows() -> None:
    assembler = H264Assembler()
    key_frame(assembler)
    assembler.gap()
    assert assembler.add(SLICE, 3000, marker=True) is None
    assert assembler.needs_key_frame


def test_a_marker_that_never_comes_costs_its_frame() -> None:
    assembler = H264Assembler()
    key_frame(assembler)
    assembler.add(SLICE, 3000, marker=False)
    assert assembler.add(SLICE, 6000, marker=True) is None


def test_while_a_key_frame_is_arriving_another_would_only_delay_it() -> None:
    assembler = H264Assembler()
    first, second, *_ = fragments(IDR)
    assembler.add(first, 0, marker=False)
    assert assembler.is_receiving_key_frame
    assembler.add(second, 0, marker=False)
    assembler.gap()
    assert not assembler.is_receiving_key_frame


def test_a_key_frame_of_2000_packets_comes_through() -> None:
    unit, assembler = b"\x65" + b"k" * 2_400_000, H264Assembler()
    payloads = [aggregated(SPS, PPS), *fragments(unit, 1180)]
    assert len(payloads) > 2000
    for before, _ in pairwise(payloads):
        assert assembler.add(before, 0, marker=False) is None
    found = assembler.add(payloads[-1], 0, marker=True)
    assert found
    assert found.nal_units[2] == unit


def test_garbage_costs_a_frame_and_nothing_else() -> None:
    assembler = H264Assembler()
    key_frame(assembler)
    for garbage in (b"\x78\xff", b"\x7c", b"\x7c\x05x", b"\x78\x00\x00"):
        assert assembler.add(garbage, 3000, marker=True) is None
    assert key_frame(assembler, 6000)
