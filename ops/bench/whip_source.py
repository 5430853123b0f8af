"""How does one session play the schedule? RTP headers, transport-wide numbers and sender reports, at real time."""

import asyncio
import secrets
import struct
import time
from typing import Final

from ops.bench.offer import AUDIO_PT, VIDEO_PT
from ops.bench.packets import AUDIO_CLOCK, VIDEO_CLOCK, Schedule
from ops.bench.whip_peer import WhipPeer

TICK_S: Final = 0.005
REPORT_EVERY_S: Final = 1.0
_NTP_EPOCH_S: Final = 2_208_988_800
_PLAIN: Final = struct.Struct("!BBHII")
_WITH_SEQUENCE: Final = struct.Struct("!BBHIIHHBHB")  # one-byte header extension, RFC 8285
_SENDER_REPORT: Final = struct.Struct("!BBHIIIIII")


class Track:
    """The RTP state of one of the two streams."""

    def __init__(self, ssrc: int, payload_type: int, clock: int) -> None:
        self.ssrc, self.payload_type, self.clock = ssrc, payload_type, clock
        self.sequence, self.timestamp = secrets.randbits(16), secrets.randbits(32)
        self.packets = self.octets = 0

    def sender_report(self, wall_s: float, elapsed_s: float) -> bytes:
        """RFC 3550, section 6.4.1, without report blocks."""
        ntp_s, fraction = divmod(wall_s + _NTP_EPOCH_S, 1)
        timestamp = (self.timestamp + round(elapsed_s * self.clock)) & 0xFFFFFFFF
        return _SENDER_REPORT.pack(
            *(0x80, 200, 6, self.ssrc, int(ntp_s), int(fraction * 2**32), timestamp),
            *(self.packets & 0xFFFFFFFF, self.octets & 0xFFFFFFFF),
        )


class WhipSource:
    """Sends a schedule in a loop over one connected peer. `video` or `audio` can be switched off at any time."""

    def __init__(self, peer: WhipPeer, schedule: Schedule, started: float) -> None:
        self._peer, self._schedule, self._started = peer, schedule, started
        self.video = Track(peer.video_ssrc, VIDEO_PT, VIDEO_CLOCK)
        self.audio = Track(peer.audio_ssrc, AUDIO_PT, AUDIO_CLOCK)
        self.send_video = self.send_audio = True
        self.answers_pli = False  # by jumping to the schedule's next key frame, as an encoder answers with one
        self._plis, self._skipped_s = 0, 0.0
        self._loop = self._next = self._sequence = 0
        self._report_at = started

    def send_due(self, now: float) -> None:
        """Send all that is due at `now` (monotonic seconds)."""
        packets, length = self._schedule.packets, self._schedule.length_s
        if self.answers_pli and self._peer.feedback.plis != self._plis:
            self._skip_to_key_frame(now)
        due = now - self._started - self._loop * length
        while packets[self._next].due_s <= due:
            self._send(self._next)
            self._next += 1
            if self._next == len(packets):
                self._next, self._loop = 0, self._loop + 1
                due -= length
        if now >= self._report_at:
            self._report(now)

    def _send(self, number: int) -> None:
        _, video, ticks, marker, payload = self._schedule.packets[number]
        if not (self.send_video if video else self.send_audio):
            return
        track = self.video if video else self.audio
        elapsed_s = self._loop * self._schedule.length_s - self._skipped_s
        timestamp = (track.timestamp + ticks + round(elapsed_s * track.clock)) & 0xFFFFFFFF
        kind = marker << 7 | track.payload_type
        if extension := self._peer.transport_cc:
            head = _WITH_SEQUENCE.pack(
                *(0x90, kind, track.sequence, timestamp, track.ssrc),
                *(0xBEDE, 1, extension << 4 | 1, self._sequence, 0),
            )
            self._sequence = (self._sequence + 1) & 0xFFFF
        else:
            head = _PLAIN.pack(0x80, kind, track.sequence, timestamp, track.ssrc)
        self._peer.send(head + payload)
        track.sequence = (track.sequence + 1) & 0xFFFF
        track.packets += 1
        track.octets += len(payload)

    def _skip_to_key_frame(self, now: float) -> None:
        """What would have been sent at the next key frame is sent from now on; timestamps go on without a jump."""
        self._plis = self._peer.feedback.plis
        at = now - self._started - self._loop * self._schedule.length_s
        key_frame = next((one for one in self._schedule.key_frames if self._schedule.packets[one].due_s > at), None)
        if key_frame is None:
            return  # the loop begins again in a moment, with one
        skipped_s = self._schedule.packets[key_frame].due_s - at
        self._started -= skipped_s
        self._skipped_s += skipped_s
        self._next = key_frame

    def _report(self, now: float) -> None:
        self._report_at = now + REPORT_EVERY_S
        wall = time.time()
        for track in (self.video, self.audio):
            self._peer.send_rtcp(track.sender_report(wall, now - self._started - self._skipped_s))


async def play(sources: list[WhipSource], stop: asyncio.Event) -> None:
    """Send for all sources until `stop`; one timer for all of them, since wake-ups cost more than packets."""
    loop = asyncio.get_running_loop()
    while not stop.is_set():
        now = loop.time()
        for source in sources:
            source.send_due(now)
        await asyncio.sleep(TICK_S)
