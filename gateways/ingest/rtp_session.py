"""A source over WebRTC: ICE and DTLS, then RTP on the beat of the process, RTCP back."""

import asyncio
import math
import random
from typing import Final

import structlog
from nats.aio.client import Client as Nats

from gateways.ingest.peer import Network, Peer
from gateways.ingest.receiver import Receiver
from gateways.ingest.sdp import Local, Offer, write
from gateways.ingest.session import OVERTAKEN, Measured, Session, wall_clock_us
from gateways.ingest.unreachable import Unreachable
from media.packager import Packager
from media.samples import AudioPacket, Continuation, VideoFrame
from schemas.raw import PageHeaders

SILENT_S: Final = 3.0
FEEDBACK_S: Final = 0.1
REPORT_S: Final = 1.0
KEY_FRAME_S: Final = 0.3  # a wish for one is said again after so long at the earliest

log = structlog.get_logger(__name__)


class RtpSession(Session):
    """A WHIP session. Its samples have the time at which they came."""

    def __init__(
        self, nats: Nats, network: Network, recording_id: str, offer: Offer, *, part_s: float, segment_s: float
    ) -> None:
        super().__init__(nats, recording_id)
        self._offer = offer
        self._network = network
        self._peer = Peer(network)
        self._part_s, self._segment_s = part_s, segment_s
        self._receiver = Receiver(offer.video, offer.audio, random.getrandbits(31) | 1)
        self._packets: list[tuple[bytes, float]] = []
        self._samples: list[VideoFrame | AudioPacket] = []
        self._steps = (self._receive, self._package, self._report)
        self._due = math.inf
        self._feedback_due = self._report_due = 0.0
        self._before = (0.0, 0, 0, 0, 0)
        self._asked = 0.0

    async def answer(self) -> str:
        """The SDP answer. Raises Unreachable."""
        ufrag, password, candidates = await self._peer.gather()
        return write(self._offer, Local(ufrag, password, self._network.fingerprint, candidates))

    @property
    def ufrag(self) -> str:
        """The client's, to tell an ICE restart from a trickle."""
        return self._offer.ufrag

    # --- life ---------------------------------------------------------------------------------------------------------

    async def _connect(self) -> None:
        offer = self._offer
        connecting = asyncio.ensure_future(
            self._peer.connect(
                offer.ufrag,
                offer.password,
                offer.fingerprint,
                active=offer.setup in ("actpass", "passive"),
                on_rtp=self._on_rtp,
                on_rtcp=self._on_rtcp,
            )
        )
        stopping = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({connecting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not connecting.done():
                raise Unreachable("The session was closed before it was connected.")
            connecting.result()
        finally:
            stopping.cancel()
            connecting.cancel()
        self._receiver.last_packet = self._loop.time()

    async def _make_packager(self, there: Continuation) -> Packager:
        audio = self._offer.audio
        return Packager(
            video=self._offer.video is not None,
            audio=audio is not None,
            channels=audio.channels if audio else 2,
            continuation=there,
            part_s=self._part_s,
            segment_s=self._segment_s,
        )

    def _as_written(self) -> PageHeaders:
        video, audio = self._offer.video, self._offer.audio
        return PageHeaders(
            session=self.etag.strip('"'),
            number=0,
            codec=video.codec if video else "",
            channels=audio.channels if audio else 0,
            part_s=self._part_s,
            segment_s=self._segment_s,
        )

    def _clock(self) -> tuple[float, int]:
        return self._loop.time(), wall_clock_us()

    def _begin_receiving(self) -> None:
        self._network.pulse.follow(self._steps)

    async def _finish(self) -> None:
        self._network.pulse.leave(self._steps)
        await super()._finish()

    async def _hang_up(self) -> None:
        """Free the ports."""
        await self._peer.close()

    # --- packets ------------------------------------------------------------------------------------------------------

    def _on_rtp(self, packets: list[tuple[bytes, float]]) -> None:
        if not self._stop.is_set():
            self._packets += packets

    def _on_rtcp(self, data: bytes, arrived: float) -> None:
        references = self._receiver.heard(data, arrived)
        if references and self._packager:
            self._packager.align(*references)

    def _receive(self, now: float) -> None:
        """The first step of a beat: packets become samples; what is missing is asked for, or given up after a while."""
        if self._packets:
            packets, self._packets = self._packets, []
            self._samples += self._receiver.take(packets, now)
        if self._receiver.is_waiting:
            for packet in self._receiver.missing(now):
                self._peer.send_rtcp(packet)
            self._samples += self._receiver.expire(now)

    def _package(self, now: float) -> None:
        """The second step: samples become parts."""
        packager = self._packager
        if packager is None:
            return
        if self._samples:
            samples, self._samples = self._samples, []
            at = self._clock()
            for sample in samples:
                try:
                    if self._add(packager, sample, *at):
                        self._schedule()
                except ValueError as error:
                    log.warning("a frame cannot be used", recording=self.recording_id, why=str(error))
        if now >= self._due:
            self._say(packager.tick(now, wall_clock_us()))
            self._schedule()

    def _report(self, now: float) -> None:
        """The third step: whatever else is due."""
        if now >= self._feedback_due:
            self._feedback_due = _next(now, FEEDBACK_S)
            self._feedback(now)
            self._look(now)
            self._schedule()

    def _feedback(self, now: float) -> None:
        """Arrivals every 100 ms, reports every second."""
        for packet in self._receiver.arrivals():
            self._peer.send_rtcp(packet)
        video = self._receiver.video
        if self._packager and video and video.needs_key_frame and not self._paused:
            self._ask_for_key_frame()
        if now >= self._report_due:
            self._report_due = _next(now, REPORT_S)
            self._peer.send_rtcp(self._receiver.report(now))
            self._attention.set()

    def _look(self, now: float) -> None:
        """Is the client still there?"""
        if self._peer.closed.is_set():
            self.stop("the client left")
        elif now - self._receiver.last_packet > SILENT_S:
            self.stop(f"nothing came for {SILENT_S:g} s")
        elif self._is_overtaken:
            self.stop(OVERTAKEN)

    def _schedule(self) -> None:
        """When the packager is due: it can come nearer only with an output, and is looked at every 100 ms anyway."""
        due = self._packager.deadline() if self._packager else None
        self._due = math.inf if due is None else due

    def _ask_for_key_frame(self) -> None:
        now = self._loop.time()
        if now - self._asked < KEY_FRAME_S:
            return
        packet = self._receiver.picture_loss()
        if packet:
            self._asked = now
            self._peer.send_rtcp(packet)

    # --- measurements -------------------------------------------------------------------------------------------------

    def _measured(self, now: float) -> Measured:
        statistics = [t.statistics for t in (self._receiver.video, self._receiver.audio) if t and t.statistics]
        octets = sum(s.received_bytes for s in statistics)
        expected, received = sum(s.expected for s in statistics), sum(s.received for s in statistics)
        frames = self._receiver.video.frames if self._receiver.video else 0
        then, octets_then, expected_then, received_then, frames_then = self._before
        self._before = (now, octets, expected, received, frames)
        seconds = now - then if then else 1.0
        came, should = received - received_then, expected - expected_then
        return Measured(
            state="paused" if self._paused else "connected",
            bitrate=round((octets - octets_then) * 8 / seconds),
            fps=round((frames - frames_then) / seconds, 1),
            loss=round(max(0.0, 1 - came / should), 3) if should > 0 else 0.0,
            width=self._size[0],
            height=self._size[1],
            codec=self._offer.video.codec if self._offer.video else "",
        )


def _next(now: float, interval_s: float) -> float:
    """About an interval from now, the same moment for every source: what they say leaves on one beat."""
    return round(now / interval_s + 1) * interval_s
