"""RTCP as bytes: what we say (RFC 3550, 6.4.2; RFC 4585, 6.2.1 and 6.3.1) and what we hear."""

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

SENDER_REPORT: Final = 200
RECEIVER_REPORT: Final = 201
BYE: Final = 203
TRANSPORT_FEEDBACK: Final = 205
PAYLOAD_FEEDBACK: Final = 206
NACK: Final = 1
TRANSPORT_CC: Final = 15
PLI: Final = 1
NTP_EPOCH_S: Final = 2_208_988_800


class SenderReport(NamedTuple):
    """What a sender says about its clock: RTP `timestamp` was at `sender_time_s` (its wall clock, since 1970)."""

    ssrc: int
    sender_time_s: float
    middle_ntp: int  # to be sent back in a report block, for the round trip
    timestamp: int


class Goodbye(NamedTuple):
    """These sources have ended."""

    ssrcs: tuple[int, ...]


class ReportBlock(NamedTuple):
    """What a receiver says about one source (6.4.1); `delay` in 1/65536 s."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest_sequence: int
    jitter: int
    middle_ntp: int
    delay: int


def parse(data: bytes) -> Iterator[SenderReport | Goodbye]:
    """What matters of a compound packet; the rest, and what is cut short, is passed over."""
    at = 0
    while at + 4 <= len(data):
        first, kind, words = struct.unpack_from(">BBH", data, at)
        end = at + 4 + 4 * words
        if first >> 6 != 2 or end > len(data):
            return
        if kind == SENDER_REPORT and end - at >= 28:
            ssrc, ntp, timestamp = struct.unpack_from(">IQI", data, at + 4)
            yield SenderReport(ssrc, ntp / (1 << 32) - NTP_EPOCH_S, ntp >> 16 & 0xFFFFFFFF, timestamp)
        elif kind == BYE:
            count = min(first & 0x1F, words)
            yield Goodbye(struct.unpack_from(f">{count}I", data, at + 4))
        at = end


def receiver_report(ssrc: int, blocks: Sequence[ReportBlock]) -> bytes:
    """An RR of up to 31 blocks."""
    body = b"".join(
        struct.pack(
            ">IIIIII",
            block.ssrc,
            block.fraction_lost << 24 | (block.lost & 0xFFFFFF),
            block.highest_sequence & 0xFFFFFFFF,
            block.jitter,
            block.middle_ntp,
            block.delay,
        )
        for block in blocks
    )
    return struct.pack(">BBHI", 0x80 | len(blocks), RECEIVER_REPORT, 1 + 6 * len(blocks), ssrc) + body


def nack(ssrc: int, media_ssrc: int, sequences: Iterable[int]) -> bytes:
    """Asks for packets by unwrapped sequence number; 17 to an entry at most."""
    entries: list[list[int]] = []
    for sequence in sorted(sequences):
        if entries and 0 < sequence - entries[-1][0] <= 16:
            entries[-1][1] |= 1 << (sequence - entries[-1][0] - 1)
        else:
            entries.append([sequence, 0])
    body = b"".join(struct.pack(">HH", first & 0xFFFF, mask) for first, mask in entries)
    return _feedback(TRANSPORT_FEEDBACK, NACK, ssrc, media_ssrc, body)


def picture_loss(ssrc: int, media_ssrc: int) -> bytes:
    """Asks for a key frame."""
    return _feedback(PAYLOAD_FEEDBACK, PLI, ssrc, media_ssrc, b"")


def transport_feedback(ssrc: int, media_ssrc: int, body: bytes) -> bytes:
    """Transport-wide congestion control feedback around `transport_cc`'s body, which fills whole words."""
    return _feedback(TRANSPORT_FEEDBACK, TRANSPORT_CC, ssrc, media_ssrc, body)


def _feedback(kind: int, fmt: int, ssrc: int, media_ssrc: int, body: bytes) -> bytes:
    return struct.pack(">BBHII", 0x80 | fmt, kind, 2 + len(body) // 4, ssrc, media_ssrc) + body
