"""RTCP checked against a stranger's parser, aiortc's."""

import struct

import pytest
from aiortc.rtp import RtcpPacket, RtcpPsfbPacket, RtcpRrPacket, RtcpRtpfbPacket
from hypothesis import given
from hypothesis import strategies as st

from media.rtp import rtcp
from media.rtp.rtcp import Goodbye, ReportBlock, SenderReport
from media.rtp.statistics import SourceStatistics
from media.rtp.transport_cc import TICKS_A_SECOND, ArrivalLog


def test_a_receiver_report_is_what_a_stranger_reads() -> None:
    block = ReportBlock(7, 64, 12, 70_000, 33, 0xAABBCCDD, 65_536)
    (found,) = RtcpPacket.parse(rtcp.receiver_report(1, [block]))
    assert isinstance(found, RtcpRrPacket)
    said = found.reports[0]
    assert (said.ssrc, said.fraction_lost, said.packets_lost, said.highest_sequence) == (7, 64, 12, 70_000)
    assert (said.jitter, said.lsr, said.dlsr) == (33, 0xAABBCCDD, 65_536)


@given(st.sets(st.integers(65_000, 66_200), min_size=1, max_size=100))
def test_a_nack_asks_for_what_is_missing_across_the_wrap(missing: set[int]) -> None:
    (found,) = RtcpPacket.parse(rtcp.nack(1, 7, missing))
    assert isinstance(found, RtcpRtpfbPacket)
    assert {number % 65_536 for number in found.lost} == {number % 65_536 for number in missing}


def test_a_picture_loss_names_the_source() -> None:
    (found,) = RtcpPacket.parse(rtcp.picture_loss(1, 7))
    assert isinstance(found, RtcpPsfbPacket)
    assert (found.fmt, found.ssrc, found.media_ssrc) == (1, 1, 7)


def test_a_sender_report_and_a_goodbye_are_read_and_the_rest_passed_over() -> None:
    ntp = (rtcp.NTP_EPOCH_S + 1_800_000_000) << 32 | 0x80000000
    report = struct.pack(">BBHIQIII", 0x80, 200, 6, 7, ntp, 123, 5, 6)
    described = struct.pack(">BBH", 0x81, 202, 1) + bytes(4)
    bye = struct.pack(">BBHI", 0x81, 203, 1, 7)
    found = list(rtcp.parse(report + described + bye + b"\x80\xc8\xff\xff"))
    assert found == [SenderReport(7, 1_800_000_000.5, ntp >> 16 & 0xFFFFFFFF, 123), Goodbye((7,))]


@given(st.binary(max_size=60))
def test_garbage_is_passed_over(data: bytes) -> None:
    list(rtcp.parse(b"\x81\xc8" + data))


def read_feedback(body: bytes) -> dict[int, float]:
    """Arrival by sequence number, read as the draft's section 3.1 says."""
    base, count, reference = struct.unpack_from(">HHI", body)
    symbols: list[int] = []
    at = 8
    while len(symbols) < count:
        (chunk,) = struct.unpack_from(">H", body, at)
        if chunk >> 15:
            assert chunk >> 14 == 0b11
            symbols += [chunk >> shift & 3 for shift in range(12, -1, -2)]
        else:
            symbols += [chunk >> 13] * (chunk & 0x1FFF)
        at += 2
    time, arrivals = (reference >> 8) * 0.064, {}
    for number, symbol in enumerate(symbols[:count]):
        if symbol:
            size = symbol
            delta = int.from_bytes(body[at : at + size], "big", signed=size == 2)
            time += delta / TICKS_A_SECOND
            arrivals[(base + number) % 65_536] = time
            at += size
    assert len(body) % 4 == 0
    assert len(body) - at < 4
    return arrivals


@given(st.lists(st.tuples(st.integers(1, 4), st.floats(0, 0.3)), min_size=1, max_size=600))
def test_every_arrival_is_told_to_a_quarter_of_a_millisecond(steps: list[tuple[int, float]]) -> None:
    log, number, now, expected = ArrivalLog(), 65_400, 1000.0, {}
    for skip, pause in steps:
        number, now = number + skip, now + pause
        log.add(number % 65_536, now)
        expected[number % 65_536] = now
    found: dict[int, float] = {}
    for body in log.feedback():
        found |= read_feedback(body)
    assert found.keys() == expected.keys()
    assert all(abs(found[n] - expected[n]) <= 0.001 for n in expected)
    assert log.feedback() == []


@given(st.lists(st.lists(st.sampled_from([1, 1, 1, 1, 1, 3, -1]), min_size=1, max_size=40), max_size=40))
def test_feedback_goes_on_where_the_last_one_ended(rounds: list[list[int]]) -> None:
    log, number, now, told, newest = ArrivalLog(), 65_000, 1000.0, 0, 0
    for steps in rounds:
        expected: dict[int, float] = {}
        for step in steps:
            number, now = number + step, now + 0.002
            newest = max(newest, number)
            log.add(number % 65_536, now)
            if number > told:
                expected.setdefault(number % 65_536, now)
        told = newest
        found: dict[int, float] = {}
        for body in log.feedback():
            found |= read_feedback(body)
        assert found == pytest.approx(expected, abs=1 / TICKS_A_SECOND)


def test_loss_and_jitter_are_real() -> None:
    statistics = SourceStatistics(7, 90_000)
    for number in range(100):
        if number % 10:
            statistics.add(1000 + number, 3000 * number, 100, number / 30)
    block = statistics.block(4.0)
    assert block.lost == 9  # the first of each ten; the very first was never expected
    assert block.fraction_lost == 9 * 256 // 99
    assert block.highest_sequence == 1099
    assert block.jitter <= 1
    assert statistics.block(5.0).fraction_lost == 0
