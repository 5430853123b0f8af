"""From decrypted packets to frames: disorder, loss, retransmission and reports of one session's two tracks.

Owns no socket and no timer: it is told what came and when, and says what to send.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from gateways.ingest.sdp import OfferedMedia
from media.rtp import packet as rtp
from media.rtp import rtcp
from media.rtp.assembler import Assembler
from media.rtp.av1 import Av1Assembler
from media.rtp.h264 import H264Assembler
from media.rtp.packet import RtpPacket
from media.rtp.reorder import Gap, ReorderBuffer
from media.rtp.rtcp import SenderReport
from media.rtp.sequence import Unwrapper
from media.rtp.statistics import SourceStatistics
from media.rtp.transport_cc import ArrivalLog
from media.rtp.vp8 import Vp8Assembler
from media.rtp.vp9 import Vp9Assembler
from media.samples import AudioPacket, SenderReference, VideoFrame
from schemas.media import AUDIO_TIMESCALE, VIDEO_TIMESCALE

VIDEO_GIVE_UP_S: Final = 0.5
AUDIO_GIVE_UP_S: Final = 0.12
ROUND_TRIPS: Final = 3
LONGEST_GIVE_UP_S: Final = 1.5
ASSEMBLERS: Final[Mapping[str, Callable[[], Assembler]]] = {
    "H264": H264Assembler,
    "VP8": Vp8Assembler,
    "VP9": Vp9Assembler,
    "AV1": Av1Assembler,
}


class VideoReceiver:
    """Packets to access units; asks for what is missing."""

    def __init__(self, offered: OfferedMedia) -> None:
        self._offered = offered
        self._payload_type = offered.payload_type
        self._timestamp = -1
        self._ticks = 0
        self._buffer: ReorderBuffer[RtpPacket] = ReorderBuffer(VIDEO_GIVE_UP_S)
        self._assembler = ASSEMBLERS[offered.codec]()
        self._sequence = Unwrapper(16)
        self.timestamps = Unwrapper(32)
        self.statistics: SourceStatistics | None = None
        self.frames = 0

    def add(self, packet: RtpPacket, size_bytes: int, now: float) -> Sequence[VideoFrame]:
        """Frames that are complete now."""
        if packet.payload_type == self._payload_type:
            sequence = self._sequence.unwrap(packet.sequence)
        else:
            original = self._original(packet)
            if original is None:
                return ()
            packet, sequence = original, self._sequence.peek(original.sequence)
        if self.statistics is None:
            self.statistics = SourceStatistics(packet.ssrc, VIDEO_TIMESCALE)
        if packet.timestamp != self._timestamp:
            self._timestamp, self._ticks = packet.timestamp, self.timestamps.unwrap(packet.timestamp)
        self.statistics.add(sequence, self._ticks, size_bytes, now)
        if self._buffer.passes(sequence):
            frame = self._taken(packet, now)
            return (frame,) if frame else ()
        return self._assembled(self._buffer.insert(sequence, packet, now), now)

    def expire(self, now: float) -> list[VideoFrame]:
        """Frames that are complete now that waiting is over."""
        return self._assembled(self._buffer.expire(now), now)

    def feedback(self, ssrc: int, now: float) -> list[bytes]:
        """What is missing, to be asked for."""
        patience = ROUND_TRIPS * self._buffer.round_trip_s
        self._buffer.give_up_s = min(max(VIDEO_GIVE_UP_S, patience), LONGEST_GIVE_UP_S)
        if self.statistics is None or not self._buffer.waiting:
            return []
        asked = self._buffer.asked(now)
        return [rtcp.nack(ssrc, self.statistics.ssrc, asked)] if asked else []

    @property
    def is_waiting(self) -> bool:
        """Whether `feedback` and `expire` have something to do soon."""
        return self._buffer.waiting

    @property
    def needs_key_frame(self) -> bool:
        """Nothing can be shown until one comes, and none is under way."""
        return self._assembler.needs_key_frame and not self._assembler.is_receiving_key_frame

    @property
    def is_receiving_key_frame(self) -> bool:
        """Asking for one now would only delay it."""
        return self._assembler.is_receiving_key_frame

    def _original(self, packet: RtpPacket) -> RtpPacket | None:
        """What was sent again in this packet, if anything."""
        if packet.payload_type != self._offered.retransmission or self.statistics is None:
            return None
        return rtp.from_retransmission(packet, self._payload_type, self.statistics.ssrc)

    def _assembled(self, packets: list[RtpPacket | Gap], now: float) -> list[VideoFrame]:
        frames = []
        for found in packets:
            if type(found) is Gap:
                self._assembler.gap()
                continue
            assert type(found) is RtpPacket
            frame = self._taken(found, now)
            if frame:
                frames.append(frame)
        return frames

    def _taken(self, packet: RtpPacket, now: float) -> VideoFrame | None:
        unit = self._assembler.add(packet.payload, packet.timestamp, marker=packet.marker)
        if unit is None:
            return None
        self.frames += 1
        return VideoFrame(unit.nal_units, self.timestamps.unwrap(unit.timestamp), now, unit.key_frame)


class AudioReceiver:
    """Packets of sound in order; what is lost is not asked for: it would come too late."""

    def __init__(self, offered: OfferedMedia) -> None:
        self._offered = offered
        self._buffer: ReorderBuffer[AudioPacket] = ReorderBuffer(AUDIO_GIVE_UP_S)
        self._sequence = Unwrapper(16)
        self.timestamps = Unwrapper(32)
        self.statistics: SourceStatistics | None = None

    def add(self, packet: RtpPacket, size_bytes: int, now: float) -> Sequence[AudioPacket]:
        """Packets that can leave now."""
        if packet.payload_type != self._offered.payload_type:
            return ()
        sequence = self._sequence.unwrap(packet.sequence)
        timestamp = self.timestamps.unwrap(packet.timestamp)
        if self.statistics is None:
            self.statistics = SourceStatistics(packet.ssrc, AUDIO_TIMESCALE)
        self.statistics.add(sequence, timestamp, size_bytes, now)
        sample = AudioPacket(packet.payload, timestamp, now)
        if self._buffer.passes(sequence):
            return (sample,) if sample.data else ()
        return self._found(self._buffer.insert(sequence, sample, now))

    def expire(self, now: float) -> list[AudioPacket]:
        """Packets that can leave now that waiting is over."""
        return self._found(self._buffer.expire(now))

    @property
    def is_waiting(self) -> bool:
        """Whether `expire` has something to do soon."""
        return self._buffer.waiting

    def _found(self, packets: list[AudioPacket | Gap]) -> list[AudioPacket]:
        return [found for found in packets if type(found) is AudioPacket and found.data]


class Receiver:
    """Both tracks, their reports and the arrival log of their transport."""

    def __init__(self, video: OfferedMedia | None, audio: OfferedMedia | None, ssrc: int) -> None:
        self.video = VideoReceiver(video) if video else None
        self.audio = AudioReceiver(audio) if audio else None
        self._ssrc = ssrc
        self._video_types = {video.payload_type, video.retransmission} - {0} if video else set()
        offered = video or audio
        self._transport_cc = offered.transport_cc if offered else 0
        self._arrivals = ArrivalLog()
        self._references: dict[int, SenderReference] = {}
        self.last_packet = 0.0

    def take(self, packets: list[tuple[bytes, float]], now: float) -> list[VideoFrame | AudioPacket]:
        """RTP packets and when they came, read at `now`; what is not ours is passed over."""
        out: list[VideoFrame | AudioPacket] = []
        for data, arrived in packets:
            try:
                packet = rtp.parse(data, self._transport_cc)
            except ValueError:
                continue
            self.last_packet = now
            if packet.transport_sequence >= 0:
                self._arrivals.add(packet.transport_sequence, arrived)
            track = self.video if packet.payload_type in self._video_types else self.audio
            if track:
                out += track.add(packet, len(data), arrived)
        return out

    @property
    def is_waiting(self) -> bool:
        """Whether anything is missing: `missing` and `expire` have something to do soon."""
        video, audio = self.video, self.audio
        return bool((video and video.is_waiting) or (audio and audio.is_waiting))

    def expire(self, now: float) -> list[VideoFrame | AudioPacket]:
        """What can go on now that waiting is over."""
        return [sample for track in (self.video, self.audio) if track for sample in track.expire(now)]

    def heard(self, data: bytes, now: float) -> tuple[SenderReference, SenderReference] | None:
        """An RTCP packet; both tracks' references once both senders have reported."""
        for said in rtcp.parse(data):
            if isinstance(said, SenderReport):
                self._report(said, now)
        video = self.video and self.video.statistics and self._references.get(self.video.statistics.ssrc)
        audio = self.audio and self.audio.statistics and self._references.get(self.audio.statistics.ssrc)
        return (video, audio) if video and audio else None

    def arrivals(self) -> list[bytes]:
        """Transport-wide feedback, to be sent every 100 ms."""
        track = self.video or self.audio
        if track is None or track.statistics is None or not self._transport_cc:
            return []
        media = track.statistics.ssrc
        return [rtcp.transport_feedback(self._ssrc, media, body) for body in self._arrivals.feedback()]

    def missing(self, now: float) -> list[bytes]:
        """NACKs that are due."""
        return self.video.feedback(self._ssrc, now) if self.video else []

    def report(self, now: float) -> bytes:
        """The receiver report, to be sent every second."""
        blocks = [track.statistics.block(now) for track in (self.video, self.audio) if track and track.statistics]
        return rtcp.receiver_report(self._ssrc, blocks)

    def picture_loss(self) -> bytes | None:
        """A request for a key frame; None while one is coming, or nothing has come at all."""
        video = self.video
        if video is None or video.statistics is None or video.is_receiving_key_frame:
            return None
        return rtcp.picture_loss(self._ssrc, video.statistics.ssrc)

    def _report(self, said: SenderReport, now: float) -> None:
        for track in (self.video, self.audio):
            if track and track.statistics and track.statistics.ssrc == said.ssrc:
                track.statistics.heard(said, now)
                timestamp = track.timestamps.peek(said.timestamp)
                self._references[said.ssrc] = SenderReference(timestamp, said.sender_time_s)
