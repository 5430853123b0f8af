"""One source of one recording, from its offer to its last part.

waiting ──connected──▶ live ◀──pause, resume──▶ paused
│                     │                        │
└──────unreachable────┴── closing: parts closed and acknowledged, `end` said when the recording stopped ──▶ closed
"""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
import structlog
from msgspec import Struct
from nats.aio.client import Client as Nats

from actors.jetstream.media_writer import AWAY, Overtaken, continuation
from actors.runtime.client import Client
from gateways.ingest.peer import Network, Peer, Unreachable
from gateways.ingest.publisher import Overflow, Publisher
from gateways.ingest.receiver import Receiver
from gateways.ingest.sdp import Local, Offer, write
from media.packager import Packager
from media.samples import AudioPacket, Init, KeyFrameWanted, Output, Part, VideoFrame
from schemas.errors import Gone, LoomError, Unavailable
from schemas.ids import RecordingId
from schemas.recording import GetRecording, Status
from subjects import live

SILENT_S: Final = 3.0
FEEDBACK_S: Final = 0.1
REPORT_S: Final = 1.0
FLUSH_S: Final = 5.0
LOG_AWAY_S: Final = 5.0
LAST_PARTS_S: Final = 0.1

log = structlog.get_logger(__name__)


class Measured(Struct, frozen=True):
    """What is told of a live source once a second, on `subjects.live.source`."""

    state: str
    bitrate: int = 0
    fps: float = 0.0
    loss: float = 0.0
    width: int = 0
    height: int = 0
    detail: str = ""


class Session:
    """A WHIP session. `run` is its life; whoever made it owns the task."""

    def __init__(
        self, nats: Nats, network: Network, recording_id: str, offer: Offer, *, part_s: float, segment_s: float
    ) -> None:
        self.recording_id = recording_id
        self.etag = f'"{random.getrandbits(64):016x}"'
        self._nats = nats
        self._offer = offer
        self._network = network
        self._peer = Peer(network)
        self._part_s, self._segment_s = part_s, segment_s
        self._ssrc = random.getrandbits(31) | 1
        self._receiver = Receiver(offer.video, offer.audio, self._ssrc)
        self._packager: Packager | None = None
        self._publisher: Publisher | None = None
        self._publishing: asyncio.Task[None] | None = None
        self._packets: list[tuple[bytes, float]] = []
        self._samples: list[VideoFrame | AudioPacket] = []
        self._steps = (self._receive, self._package, self._report)
        self._stop = asyncio.Event()
        self._why = ""
        self._end_reason: str | None = None
        self._paused = False
        self._attention = asyncio.Event()  # for `_live`: a second is over, or it is the last
        self._loop = asyncio.get_running_loop()
        self._due = math.inf
        self._feedback_due = self._report_due = 0.0
        self._size = (0, 0)
        self._before = (0.0, 0, 0, 0, 0)
        self._asked = 0.0
        self.connected = False
        self.finished = asyncio.Event()

    @property
    def is_whole(self) -> bool:
        """Whether all it took is stored, and nobody took over."""
        done = self._publishing
        return bool(done and done.done() and not done.cancelled() and done.exception() is None)

    def statistics(self) -> dict[str, int]:
        """What waits for the log, and what it has acknowledged."""
        return self._publisher.statistics() if self._publisher else {"waiting_bytes": 0, "acknowledged": 0}

    async def say_end(self, reason: str) -> None:
        """The recording was stopped after this source had left; the streaming service says it too, a second later."""
        try:
            if self._publisher:
                await self._publisher.end(reason)
        except AWAY as error:
            log.warning("could not say the end", recording=self.recording_id, why=repr(error))

    # --- signalling ---------------------------------------------------------------------------------------------------

    async def answer(self) -> str:
        """The SDP answer. Raises Unreachable."""
        ufrag, password, candidates = await self._peer.gather()
        return write(self._offer, Local(ufrag, password, self._network.fingerprint, candidates))

    @property
    def ufrag(self) -> str:
        """The client's, to tell an ICE restart from a trickle."""
        return self._offer.ufrag

    def stop(self, why: str, *, end_reason: str | None = None) -> None:
        """Close soon; with `end_reason` the recording itself has ended."""
        self._why = self._why or why
        self._end_reason = end_reason or self._end_reason
        self._stop.set()
        self._attention.set()

    def pause(self) -> None:
        """Nothing that comes from now on is recorded."""
        self._paused = True
        if self._packager:
            self._say(self._packager.pause(self._loop.time(), _wall_us()))

    def resume(self) -> None:
        """What comes from now on is recorded again."""
        self._paused = False
        if self._packager:
            self._say(self._packager.resume(self._loop.time(), _wall_us()))

    # --- life ---------------------------------------------------------------------------------------------------------

    async def run(self, make_way: Callable[[], Awaitable[None]]) -> None:
        """Until the client leaves, or vanishes, or `stop`. `make_way` closes this process's earlier sessions."""
        try:
            await self._connect()
            await make_way()
            await self._begin()
            await self._live()
        except Unreachable as error:
            self._why = str(error)
            log.warning("unreachable", recording=self.recording_id, why=self._why)
            await self._tell(Measured("failed", detail=self._why))
        except AWAY as error:
            log.warning("cannot begin", recording=self.recording_id, why=repr(error))
        finally:
            await self._finish()

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
        self.connected = True
        self._receiver.last_packet = self._loop.time()

    async def _begin(self) -> None:
        """Go on where the log ends; whoever sends elsewhere is told to leave first."""
        await self._nats.publish(live.takeover(self.recording_id), self.etag.encode())
        await self._nats.flush(timeout=2)
        async with asyncio.timeout(LOG_AWAY_S):
            there, sequences = await continuation(self._nats, self.recording_id)
            if there.discontinuity:  # a session in another process may be saying its last parts
                await asyncio.sleep(LAST_PARTS_S)
                there, sequences = await continuation(self._nats, self.recording_id)
        audio = self._offer.audio
        self._publisher = Publisher(self._nats, self.recording_id, sequences)
        self._publishing = self._loop.create_task(self._publisher.run())
        self._packager = Packager(
            video=self._offer.video is not None,
            audio=audio is not None,
            channels=audio.channels if audio else 2,
            continuation=there,
            part_s=self._part_s,
            segment_s=self._segment_s,
        )
        if self._paused:
            self._packager.pause(self._loop.time(), _wall_us())
        log.info("connected", recording=self.recording_id, stretch=there.stretch)

    async def _live(self) -> None:
        """Tell how it goes every second, until something ends it."""
        self._network.pulse.follow(self._steps)
        while not self._stop.is_set():
            await self._attention.wait()
            self._attention.clear()
            await self._tell(self._measured(self._loop.time()))

    async def _finish(self) -> None:
        """Close the parts, wait for their acknowledgement, say the end, free the ports."""
        self._network.pulse.leave(self._steps)
        packager, self._packager = self._packager, None
        if packager and self._publisher:
            self._put(packager.close(self._loop.time(), _wall_us()))
            self._publisher.close()
        await self._flush()
        await self._peer.close()
        if self.connected:
            log.info("closed", recording=self.recording_id, why=self._why)
            await self._tell(Measured("closed" if self._end_reason else "lost", detail=self._why))
        self.finished.set()

    async def _flush(self) -> None:
        if not self._publisher or not self._publishing:
            return
        try:
            async with asyncio.timeout(FLUSH_S):
                await self._publishing
                if self._end_reason:
                    await self._publisher.end(self._end_reason)
        except* Overtaken:
            log.info("overtaken", recording=self.recording_id)
        except* AWAY:
            log.exception("parts could not be stored at the end", recording=self.recording_id)

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
            self._add(packager, samples)
        if now >= self._due:
            self._say(packager.tick(now, _wall_us()))
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
        elif self._publishing and self._publishing.done():
            self.stop("another session goes on with this recording")

    def _add(self, packager: Packager, samples: list[VideoFrame | AudioPacket]) -> None:
        now, wall_us = self._loop.time(), _wall_us()
        for sample in samples:
            try:
                if isinstance(sample, VideoFrame):
                    outputs = packager.add_video(sample, now, wall_us)
                else:
                    outputs = packager.add_audio(sample, now, wall_us)
            except ValueError as error:
                log.warning("a frame cannot be used", recording=self.recording_id, why=str(error))
            else:
                if outputs:
                    self._say(outputs)
                    self._schedule()

    def _schedule(self) -> None:
        """When the packager is due: it can come nearer only with an output, and is looked at every 100 ms anyway."""
        due = self._packager.deadline() if self._packager else None
        self._due = math.inf if due is None else due

    def _say(self, outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, KeyFrameWanted):
                self._ask_for_key_frame()
        self._put(outputs)

    def _put(self, outputs: list[Output]) -> None:
        assert self._publisher
        for output in outputs:
            if isinstance(output, Init) and output.headers.width:
                self._size = (output.headers.width, output.headers.height)
            if isinstance(output, Init | Part):
                try:
                    self._publisher.put(output)
                except Overflow as error:
                    log.error("the log has been away for too long", recording=self.recording_id, why=str(error))  # noqa: TRY400
                    self.stop(str(error))
                    return

    def _ask_for_key_frame(self) -> None:
        now = self._loop.time()
        if now - self._asked < 0.3:  # noqa: PLR2004
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
        )

    async def _tell(self, measured: Measured) -> None:
        if self._nats.is_connected:
            await self._nats.publish(live.source(self.recording_id), msgspec.json.encode(measured))

    async def refresh(self) -> None:
        """Catch up with what was said while NATS was away."""
        try:
            view = await Client(self._nats).ask(GetRecording(RecordingId(self.recording_id)))
        except Gone:
            self.stop("the recording was deleted")
            return
        except (LoomError, Unavailable):
            return
        if view.status not in (Status.PREPARING, Status.RECORDING, Status.PAUSED):
            self.stop("the recording was stopped", end_reason="stopped")
        elif (view.status is Status.PAUSED) != self._paused:
            (self.pause if view.status is Status.PAUSED else self.resume)()


def _next(now: float, interval_s: float) -> float:
    """About an interval from now, the same moment for every source: what they say leaves on one beat."""
    return round(now / interval_s + 1) * interval_s


def _wall_us() -> int:
    return time.time_ns() // 1000
