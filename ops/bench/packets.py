"""What does a sender put on the wire, and when? A file of H.264 and Opus as RTP payloads (RFC 6184, 7587)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import av

MAX_PAYLOAD: Final = 1_180
VIDEO_CLOCK: Final = 90_000
AUDIO_CLOCK: Final = 48_000
AUDIO_PACKET_S: Final = 0.02
PACING_FACTOR: Final = 2.5
"""Chromium's pacer: a frame leaves at 2.5 times the target rate, not in one burst."""

_FU_A: Final = 28
_SPS: Final = 7
_PPS: Final = 8
_IDR: Final = 5


class Packet(NamedTuple):
    """One RTP payload of the loop."""

    due_s: float  # from the beginning of the loop
    video: bool
    ticks: int  # RTP timestamp from the beginning of the loop
    marker: bool
    payload: bytes


class Schedule(NamedTuple):
    """Everything that is sent in one loop, in order of time."""

    packets: tuple[Packet, ...]
    length_s: float
    frames: int
    key_frames: tuple[int, ...]  # the places of their first packets


def schedule(path: Path, length_s: float, bits_per_s: int) -> Schedule:
    """Read `path` once; nothing is decoded. Times are counted: Matroska rounds its own to milliseconds."""
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        sets = parameter_sets(bytes(video.codec_context.extradata or b""))
        rate = float(video.average_rate or 0)
        read = [(packet.stream is video, bytes(packet)) for packet in container.demux(video, audio) if packet.size]
    frames = [data for is_video, data in read if is_video][: round(length_s * rate)]
    sounds = [data for is_video, data in read if not is_video][: round(length_s / AUDIO_PACKET_S)]
    packets = list(_pictures(frames, sets, rate, MAX_PAYLOAD * 8 / (bits_per_s * PACING_FACTOR)))
    for number, data in enumerate(sounds):
        at = number * AUDIO_PACKET_S
        packets.append(Packet(at, video=False, ticks=round(at * AUDIO_CLOCK), marker=False, payload=data))
    ordered = tuple(sorted(packets, key=lambda packet: packet.due_s))
    key_frames = tuple(
        place for place, packet in enumerate(ordered) if packet.video and packet.payload[0] & 0x1F == _SPS
    )
    return Schedule(ordered, length_s, len(frames), key_frames)


def _pictures(frames: list[bytes], sets: list[bytes], rate: float, gap_s: float) -> Iterator[Packet]:
    """Every frame, its packets `gap_s` apart, none before the frame before it has left."""
    free_at = 0.0
    for number, data in enumerate(frames):
        payloads = list(frame_payloads(list(nal_units(data)), sets))
        for place, payload in enumerate(payloads, 1):
            free_at = max(free_at + gap_s, number / rate)
            ticks = round(number / rate * VIDEO_CLOCK)
            yield Packet(free_at, video=True, ticks=ticks, marker=place == len(payloads), payload=payload)


def parameter_sets(avcc: bytes) -> list[bytes]:
    """SPS and PPS of an AVCDecoderConfigurationRecord (ISO 14496-15, 5.3.3.1) or of an Annex B extradata."""
    if avcc[:1] != b"\x01":
        return [unit for unit in avcc.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1") if unit]
    sets, offset = [], 6
    for count in (avcc[5] & 0x1F, None):
        if count is None:
            count, offset = avcc[offset], offset + 1  # noqa: PLW2901
        for _ in range(count):
            size = int.from_bytes(avcc[offset : offset + 2])
            sets.append(avcc[offset + 2 : offset + 2 + size])
            offset += 2 + size
    return sets


def nal_units(access_unit: bytes) -> Iterator[bytes]:
    """The NAL units of one length-prefixed sample, without what RTP senders leave out (AUD, SEI)."""
    offset = 0
    while offset + 4 <= len(access_unit):
        size = int.from_bytes(access_unit[offset : offset + 4])
        unit = access_unit[offset + 4 : offset + 4 + size]
        offset += 4 + size
        if unit and (unit[0] & 0x1F) not in (6, 9):
            yield unit


def frame_payloads(units: list[bytes], sets: list[bytes]) -> Iterator[bytes]:
    """The RTP payloads of one access unit; a key frame is preceded by its parameter sets, as browsers do."""
    kinds = {unit[0] & 0x1F for unit in units}
    if _IDR in kinds and not kinds & {_SPS, _PPS}:
        units = [*sets, *units]
    for unit in units:
        if len(unit) <= MAX_PAYLOAD:
            yield unit
        else:
            yield from fragments(unit)


def fragments(unit: bytes) -> Iterator[bytes]:
    """FU-A (RFC 6184, section 5.8)."""
    indicator, kind, body = (unit[0] & 0xE0) | _FU_A, unit[0] & 0x1F, unit[1:]
    for start in range(0, len(body), MAX_PAYLOAD - 2):
        first, last = start == 0, start + MAX_PAYLOAD - 2 >= len(body)
        yield bytes((indicator, first << 7 | last << 6 | kind)) + body[start : start + MAX_PAYLOAD - 2]
