"""A source over a WebSocket: nothing is lost or out of order, but anything may be late.

So the time here is the client's: a sample has arrived when it was captured, and the packager's clock stands where both
sound and picture have come to. What a client has kept through an outage comes as fast as the line allows and is placed
as if it had come in time; parts are closed by what follows, not because nothing comes.
"""

import asyncio
from math import isfinite
from typing import Final

import structlog
from aiohttp import WSMsgType, web
from nats.aio.client import Client as Nats

from actors.jetstream import direct_get
from gateways.ingest import messages
from gateways.ingest.allowance import Allowance
from gateways.ingest.messages import Begin, Break, End, Hello, Malformed, Stored, Welcome
from gateways.ingest.session import (
    DELETED,
    DRAINING,
    OVERTAKEN,
    STOPPED,
    Measured,
    Outputs,
    Session,
    Sink,
    wall_clock_us,
)
from gateways.ingest.unreachable import Unreachable
from media import splice
from media.capture_time import CaptureTime
from media.journal.journal import H264
from media.packager import Packager
from media.samples import AudioPacket, Continuation, VideoFrame
from media.splice import LastFrame, Seam, Splice
from schemas.media import AUDIO, AUDIO_TIMESCALE, VIDEO, part_from_headers
from subjects import media, raw
from subjects.streams import MEDIA, RAW

BEGIN_S: Final = 10.0
TELL_S: Final = 0.5
PATIENCE_S: Final = 4.0
"""Sound and picture are encoded side by side in the client; none is lost, so the later one is waited for."""
AHEAD_US: Final = 60_000_000  # a client's clock may drift from ours
MESSAGES_A_SECOND: Final = 2_000
MESSAGES_AT_ONCE: Final = 8_000
BYTES_A_SECOND: Final = 16 << 20
BYTES_AT_ONCE: Final = 32 << 20
MOST_WAITING: Final = 8 << 20
"""While more than this waits for the log, nothing is read: TCP tells the client."""

MALFORMED: Final = 4400
GONE: Final = 4410
TAKEN_OVER: Final = 4409
AWAY_CODE: Final = 4503
RESTARTING: Final = 1012
COMPLETE: Final = 1000
_CODES: Final = {OVERTAKEN: TAKEN_OVER, DELETED: GONE, STOPPED: COMPLETE, DRAINING: RESTARTING}
LONGEST_REASON: Final = 123  # bytes, RFC 6455, 5.5

log = structlog.get_logger(__name__)


async def last_frame(nats: Nats, recording_id: str) -> tuple[LastFrame, float] | None:
    """Where the log of video ends, and the recording's time of it; None while there is none. Raises what AWAY lists."""
    found = await direct_get.last(nats, MEDIA.name, media.part(recording_id, VIDEO))
    return splice.last_frame(part_from_headers(found.headers), found.data) if found else None


class WebSession(Session):
    """What a client sends over one WebSocket, from its hello on."""

    def __init__(
        self,
        nats: Nats,
        recording_id: str,
        socket: web.WebSocketResponse,
        hello: Hello,
        *,
        part_s: float,
        segment_s: float,
    ) -> None:
        super().__init__(nats, recording_id)
        self._socket = socket
        self._hello = hello
        self._part_s, self._segment_s = part_s, segment_s
        self._tasks: list[asyncio.Task[None]] = []
        self._code = 0
        self._time = CaptureTime((VIDEO, AUDIO) if hello.audio else (VIDEO,), PATIENCE_S)
        self._latest: dict[type, float] = {}
        self._seam = Seam()
        self._pauses: list[tuple[int, int | None]] = []  # from when to when, microseconds; the last one may go on
        self._frames = self._octets = 0
        self._before = (0.0, 0, 0)
        now = self._loop.time()
        self._messages = Allowance(MESSAGES_A_SECOND, MESSAGES_AT_ONCE, now)
        self._bytes = Allowance(BYTES_A_SECOND, BYTES_AT_ONCE, now)

    def pause(self) -> None:
        """What was captured from now on is not recorded; what was captured before may still be under way."""
        self._paused = True
        if not self._pauses or self._pauses[-1][1] is not None:
            self._pauses.append((wall_clock_us(), None))

    def resume(self) -> None:
        """What is captured from now on is recorded again."""
        self._paused = False
        if self._pauses and self._pauses[-1][1] is None:
            self._pauses[-1] = (self._pauses[-1][0], wall_clock_us())

    # --- life ---------------------------------------------------------------------------------------------------------

    async def _connect(self) -> None:
        """It is there already."""

    async def _make_packager(self, there: Continuation) -> Packager:
        """The client is told where the log ends, and says whether it has what was there last."""
        if await direct_get.last(self._nats, RAW.name, raw.page(self.recording_id)):
            raise self._refused(TAKEN_OVER, "Its pictures are not H.264: it goes on over WebRTC only.")
        found = await last_frame(self._nats, self.recording_id) if there.discontinuity else None
        said = Welcome(wall_clock_us(), self._segment_s, found[0] if found else None)
        await self._send(messages.write(said))
        begin = await self._begun()
        place = None
        if found and begin.after_us is not None:
            place = Splice(found[1], begin.after_us / 1e6)
            sound_s = there.ends[AUDIO] / AUDIO_TIMESCALE if AUDIO in there.ends else place.time_s
            self._seam = Seam(place.source_s, place.source_s + sound_s - place.time_s)
        return Packager(
            video=True,
            audio=self._hello.audio,
            channels=self._hello.channels,
            continuation=there,
            part_s=self._part_s,
            segment_s=self._segment_s,
            patience_s=PATIENCE_S,
            splice=place,
        )

    async def _begun(self) -> Begin:
        stopping = asyncio.ensure_future(self._stop.wait())
        hearing = asyncio.ensure_future(self._socket.receive())
        try:
            done, _ = await asyncio.wait({stopping, hearing}, timeout=BEGIN_S, return_when=asyncio.FIRST_COMPLETED)
            if hearing not in done:
                raise self._refused(MALFORMED, f"`begin` did not come within {BEGIN_S:g} s.")
            message = hearing.result()
        finally:
            stopping.cancel()
            hearing.cancel()
        if message.type is not WSMsgType.TEXT:
            raise self._refused(MALFORMED, "After `welcome` comes `begin`.")
        try:
            said = messages.read(message.data)
        except Malformed as error:
            raise self._refused(MALFORMED, str(error)) from error
        if not isinstance(said, Begin):
            raise self._refused(MALFORMED, "After `welcome` comes `begin`.")
        return said

    def _clock(self) -> tuple[float, int]:
        now_s = self._time.now_s
        return (now_s, round(now_s * 1e6)) if isfinite(now_s) else (wall_clock_us() / 1e6, wall_clock_us())

    def _begin_receiving(self) -> None:
        self._tasks = [self._loop.create_task(self._receive()), self._loop.create_task(self._tell_regularly())]

    async def _finish(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await super()._finish()

    def _close(self, packager: Sink) -> Outputs:
        """Who was cut off comes again with what is missing: no silence takes its place."""
        return packager.close(*self._clock(), fill=self._code == COMPLETE or self._end_reason is not None)

    async def _hang_up(self) -> None:
        if self.is_whole:
            await self._tell_stored()
        code = self._code or _CODES.get(self._why, COMPLETE if self.is_whole else AWAY_CODE)
        reason = self._why.encode()[:LONGEST_REASON].decode(errors="ignore").encode()
        try:
            async with asyncio.timeout(1):
                await self._socket.close(code=code, message=reason)
        except (OSError, TimeoutError, RuntimeError):
            log.debug("the client does not answer", recording=self.recording_id)

    def _ask_for_key_frame(self) -> None:
        """Sent unasked, as the protocol says."""

    def _refused(self, code: int, why: str) -> Unreachable:
        self._code = code
        return Unreachable(why)

    # --- what comes ---------------------------------------------------------------------------------------------------

    async def _receive(self) -> None:
        """Take what comes until the client has ended or left, no faster than is allowed and the log takes it."""
        try:
            async for message in self._socket:
                if message.type is WSMsgType.BINARY:
                    self._take(messages.media(message.data))
                elif message.type is WSMsgType.TEXT:
                    self._heed(messages.read(message.data))
                await self._slow_down(len(message.data))
        except Malformed as error:
            self._code = MALFORMED
            self.stop(str(error))
        else:
            self.stop("the client left")

    async def _slow_down(self, size: int) -> None:
        now = self._loop.time()
        self._octets += size
        wait_s = max(self._messages.take(1, now), self._bytes.take(size, now))
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        if self._publisher:
            await self._publisher.until_below(MOST_WAITING)

    def _heed(self, said: messages.Said) -> None:
        match said:
            case Break():
                if self._packager:
                    self._say(self._packager.close(*self._clock()))
                self._seam = Seam()
            case End():
                self._code = COMPLETE
                self.stop("the client has sent everything")
            case _:
                raise Malformed("`hello` and `begin` are said once.")

    def _take(self, sample: VideoFrame | AudioPacket) -> None:
        """A sample in its turn. Raises Malformed."""
        kind = type(sample)
        if sample.arrived > (wall_clock_us() + AHEAD_US) / 1e6:
            raise Malformed("The time of capture lies in the future; `now_us` in `welcome` is the clock that counts.")
        if sample.arrived < self._latest.get(kind, 0.0):
            raise Malformed("Times of capture grow within a track.")
        self._latest[kind] = sample.arrived
        if self._packager is None or self._is_paused_at(round(sample.arrived * 1e6), self._packager):
            return
        if isinstance(sample, VideoFrame):
            self._frames += 1
            for frame in self._seam.frames(sample):
                self._put_in(self._packager, frame)
        elif self._hello.audio and self._seam.takes(sample):
            self._put_in(self._packager, sample)

    def _put_in(self, packager: Sink, sample: VideoFrame | AudioPacket) -> None:
        self._time.see(VIDEO if isinstance(sample, VideoFrame) else AUDIO, sample.arrived)
        now, wall_us = self._clock()
        try:
            self._add(packager, sample, now, wall_us)
        except ValueError as error:
            raise Malformed(f"A frame cannot be used: {error}") from error
        due = packager.deadline()
        if due is not None and due <= now:
            self._say(packager.tick(now, wall_us))

    def _is_paused_at(self, captured_us: int, packager: Sink) -> bool:
        """Whether it was captured in a pause; the packager is told when one begins or ends."""
        is_paused = any(
            since <= captured_us and (until is None or captured_us < until) for since, until in self._pauses
        )
        if is_paused:
            self._say(packager.pause(*self._clock()))
        elif packager.is_paused:
            self._say(packager.resume(captured_us / 1e6, captured_us))
        return is_paused

    # --- what is told -------------------------------------------------------------------------------------------------

    async def _tell_regularly(self) -> None:
        count = 0
        while True:
            await asyncio.sleep(TELL_S)
            count += 1
            if self._is_overtaken:
                self.stop(OVERTAKEN)
            await self._tell_stored()
            if count % 2:
                self._attention.set()

    async def _tell_stored(self) -> None:
        """From when on the client has to keep what it has: the log has all renditions up to there."""
        parts = self._publisher.stored if self._publisher else {}
        wanted = [VIDEO, *([AUDIO] if self._hello.audio else [])]
        if all(rendition in parts for rendition in wanted):
            await self._send(messages.write(Stored(min(parts[rendition].ends_us for rendition in wanted))))

    async def _send(self, text: str) -> None:
        try:
            await self._socket.send_str(text)
        except (OSError, RuntimeError):  # closed; who reads notices it too
            log.debug("the client has left", recording=self.recording_id)

    def _measured(self, now: float) -> Measured:
        then, octets, frames = self._before
        self._before = (now, self._octets, self._frames)
        seconds = now - then if then else 1.0
        return Measured(
            state="paused" if self._paused else "connected",
            bitrate=round((self._octets - octets) * 8 / seconds),
            fps=round((self._frames - frames) / seconds, 1),
            width=self._size[0],
            height=self._size[1],
            codec=H264,
        )
