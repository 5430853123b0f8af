"""What holds for VP8, VP9 and AV1 alike, with packets of a stranger (FFmpeg): whole frames or none."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.rtp.assembler import AccessUnit, FrameAssembler
from media.rtp.av1 import Av1Assembler
from media.rtp.packet import RtpPacket
from media.rtp.vp8 import Vp8Assembler
from media.rtp.vp9 import Vp9Assembler
from tests.media.rtp import strangers
from tests.media.rtp.strangers import KEY_AT, Sent

ASSEMBLERS = {"VP8": Vp8Assembler, "VP9": Vp9Assembler, "AV1": Av1Assembler}
CODECS = sorted(ASSEMBLERS)
sent = cache(strangers.sent)


def assembled(assembler: FrameAssembler, packets: list[RtpPacket], lost: set[int] = frozenset()) -> list[AccessUnit]:  # type: ignore[assignment]
    found, before = [], packets[0].sequence - 1
    for number, packet in enumerate(packets):
        if number in lost:
            continue
        if packet.sequence - before != 1:
            assembler.gap()
        before = packet.sequence
        unit = assembler.add(packet.payload, packet.timestamp, marker=packet.marker)
        found += [unit] if unit else []
    return found


@pytest.mark.parametrize("codec", CODECS)
def test_what_a_stranger_packed_comes_out_as_it_was(codec: str) -> None:
    stream = sent(codec)
    found = assembled(ASSEMBLERS[codec](), stream.packets)
    assert [unit.nal_units for unit in found] == [(frame,) for frame in stream.frames]
    assert tuple(number for number, unit in enumerate(found) if unit.key_frame) == KEY_AT
    assert strangers.shown(codec, [unit.nal_units[0] for unit in found]) == len(stream.frames)


def of_frame(stream: Sent, number: int) -> int:
    """To which frame a packet belongs."""
    times = sorted({packet.timestamp for packet in stream.packets})
    return times.index(stream.packets[number].timestamp)


@given(st.sampled_from(CODECS), st.data())
def test_with_packets_lost_only_whole_frames_come_out_and_after_a_loss_from_a_key_frame_on(
    codec: str, data: st.DataObject
) -> None:
    stream = sent(codec)
    lost = data.draw(st.sets(st.integers(1, len(stream.packets) - 2), min_size=1, max_size=5))
    assembler = ASSEMBLERS[codec]()
    found = [unit.nal_units[0] for unit in assembled(assembler, stream.packets, lost)]
    damaged = {of_frame(stream, number) for number in lost}
    shown, waiting = [], False
    for number, frame in enumerate(stream.frames):
        waiting = number in damaged or (waiting and number not in KEY_AT)
        shown += [] if waiting else [frame]
    assert found == shown
    assert assembler.needs_key_frame == waiting


@given(st.sampled_from(CODECS), st.lists(st.tuples(st.binary(max_size=40), st.integers(0, 3), st.booleans())))
def test_no_bytes_of_a_stranger_raise(codec: str, packets: list[tuple[bytes, int, bool]]) -> None:
    assembler = ASSEMBLERS[codec]()
    for payload, timestamp, marker in packets:
        assembler.add(payload, timestamp, marker=marker)


@pytest.mark.parametrize("codec", CODECS)
def test_half_a_key_frame_is_not_asked_for_again(codec: str) -> None:
    stream = sent(codec)
    assembler = ASSEMBLERS[codec]()
    assembler.add(stream.packets[0].payload, 0, marker=False)
    assert assembler.needs_key_frame
    assert assembler.is_receiving_key_frame
    assembler.gap()
    assert not assembler.is_receiving_key_frame


@pytest.mark.parametrize("codec", CODECS)
def test_a_frame_whose_marker_never_came_asks_for_a_key_frame(codec: str) -> None:
    stream = sent(codec)
    assembler = ASSEMBLERS[codec]()
    first = [packet for packet in stream.packets if packet.timestamp == stream.packets[0].timestamp]
    assembled(assembler, first)
    assert not assembler.needs_key_frame
    assembler.add(stream.packets[len(first)].payload, 1, marker=False)
    assembler.add(stream.packets[len(first)].payload, 2, marker=False)
    assert assembler.needs_key_frame
