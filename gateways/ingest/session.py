"""One source of one recording, from its connection to its last part; what is common to all doors.

waiting ──connected──▶ live ◀──pause, resume──▶ paused
│                     │                        │
└──────unreachable────┴── closing: parts closed and acknowledged, `end` said when the recording stopped ──▶ closed
"""

import asyncio
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec
import structlog
from msgspec import Struct
from nats.aio.client import Client as Nats

from actors.jetstream import direct_get
from actors.jetstream.media_writer import AWAY, Overtaken, continuation
from actors.runtime.client import Client
from gateways.ingest.publisher import Overflow, Publisher
from gateways.ingest.unreachable import Unreachable
from media.journal.journal import H264, Journal, JournalOutput, Written
from media.packager import Packager
from media.samples import AudioPacket, Continuation, Init, KeyFrameWanted, Output, Part, VideoFrame
from schemas.errors import Gone, LoomError, Unavailable
from schemas.ids import RecordingId
from schemas.raw import PageHeaders
from schemas.recording import GetRecording, Status
from subjects import live, raw
from subjects.streams import RAW

FLUSH_S: Final = 5.0
LOG_AWAY_S: Final = 5.0
LAST_PARTS_S: Final = 0.1

OVERTAKEN: Final = "another session goes on with this recording"
DELETED: Final = "the recording was deleted"
STOPPED: Final = "the recording was stopped"
DRAINING: Final = "the gateway is shutting down"

Sink = Packager | Journal
"""What samples are given to; of what a journal writes a worker's packager makes parts."""
Outputs = Sequence[Output | JournalOutput]

log = structlog.get_logger(__name__)


class Measured(Struct, frozen=True):
    """What is told of a live source once a second, on `subjects.live.source`."""

    state: str
    bitrate: int = 0
    fps: float = 0.0
    loss: float = 0.0
    width: int = 0
    height: int = 0
    codec: str = ""
    detail: str = ""
    progress: int | None = None


class Session(ABC):
    """A source's way through the packager into the log. `run` is its life; whoever made it owns the task.

    A door says how its client connects and leaves, which clock its samples have, and what there is to measure.
    """

    def __init__(self, nats: Nats, recording_id: str) -> None:
        self.recording_id = recording_id
        self.etag = f'"{random.getrandbits(64):016x}"'
        self.connected = False
        self.finished = asyncio.Event()
        self._nats = nats
        self._packager: Sink | None = None
        self._publisher: Publisher | None = None
        self._publishing: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._why = ""
        self._end_reason: str | None = None
        self._paused = False
        self._attention = asyncio.Event()  # for `_live`: a second is over, or it is the last
        self._loop = asyncio.get_running_loop()
        self._size = (0, 0)

    # --- what a door says ---------------------------------------------------------------------------------------------

    @abstractmethod
    async def _connect(self) -> None:
        """Return once the client is there. Raises Unreachable."""

    @abstractmethod
    async def _make_packager(self, there: Continuation) -> Packager:
        """One that goes on behind what is there. Raises Unreachable."""

    def _as_written(self) -> PageHeaders | None:
        """What a journal says of this source; None for a door that has no use for one."""
        return None

    @abstractmethod
    def _clock(self) -> tuple[float, int]:
        """The packager's time now: seconds as its samples arrive, and the wall clock in microseconds."""

    @abstractmethod
    def _begin_receiving(self) -> None:
        """The packager is there."""

    @abstractmethod
    async def _hang_up(self) -> None:
        """All that was taken is stored, or never will be: let the client go."""

    @abstractmethod
    def _ask_for_key_frame(self) -> None:
        """The packager wants one."""

    @abstractmethod
    def _measured(self, now: float) -> Measured:
        """How it goes; once a second."""

    # --- what is asked of it ------------------------------------------------------------------------------------------

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
            self._say(self._packager.pause(*self._clock()))

    def resume(self) -> None:
        """What comes from now on is recorded again."""
        self._paused = False
        if self._packager:
            self._say(self._packager.resume(*self._clock()))

    async def refresh(self) -> None:
        """Catch up with what was said while NATS was away."""
        try:
            view = await Client(self._nats).ask(GetRecording(RecordingId(self.recording_id)))
        except Gone:
            self.stop(DELETED)
            return
        except (LoomError, Unavailable):
            return
        if view.status not in (Status.PREPARING, Status.RECORDING, Status.PAUSED):
            self.stop(STOPPED, end_reason="stopped")
        elif (view.status is Status.PAUSED) != self._paused:
            (self.pause if view.status is Status.PAUSED else self.resume)()

    # --- life ---------------------------------------------------------------------------------------------------------

    async def run(self, make_way: Callable[[], Awaitable[None]]) -> None:
        """Until the client leaves, or vanishes, or `stop`. `make_way` closes this process's earlier sessions."""
        try:
            await self._connect()
            self.connected = True
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

    async def _begin(self) -> None:
        """Go on where the log ends; whoever sends elsewhere is told to leave first."""
        await self._nats.publish(live.takeover(self.recording_id), self.etag.encode())
        await self._nats.flush(timeout=2)
        async with asyncio.timeout(LOG_AWAY_S):
            there, sequences = await continuation(self._nats, self.recording_id)
            if there.discontinuity:  # a session in another process may be saying its last parts
                await asyncio.sleep(LAST_PARTS_S)
                there, sequences = await continuation(self._nats, self.recording_id)
            pages = await direct_get.last(self._nats, RAW.name, raw.page(self.recording_id))
        said = self._as_written()
        packager: Sink
        if said and (pages or said.codec not in ("", H264)):  # behind pages nobody but the worker writes to MEDIA
            packager, is_raw = Journal(said), True
            sequences = {pages.subject: pages.sequence} if pages else {}
        else:
            packager, is_raw = await self._make_packager(there), False
        self._publisher = Publisher(self._nats, self.recording_id, sequences, is_raw=is_raw)
        self._publishing = self._loop.create_task(self._publisher.run())
        self._packager = packager
        if self._paused:
            self._say(self._packager.pause(*self._clock()))
        log.info("connected", recording=self.recording_id, stretch=there.stretch)

    async def _live(self) -> None:
        """Tell how it goes every second, until something ends it."""
        self._begin_receiving()
        while not self._stop.is_set():
            await self._attention.wait()
            self._attention.clear()
            await self._tell(self._measured(self._loop.time()))

    async def _finish(self) -> None:
        """Close the parts, wait for their acknowledgement, say the end, let the client go."""
        packager, self._packager = self._packager, None
        if packager and self._publisher:
            self._put(self._close(packager))
            self._publisher.close()
        await self._flush()
        await self._hang_up()
        if self.connected:
            log.info("closed", recording=self.recording_id, why=self._why)
            await self._tell(Measured("closed" if self._end_reason else "lost", detail=self._why))
        self.finished.set()

    def _close(self, packager: Sink) -> Outputs:
        """The last parts."""
        return packager.close(*self._clock())

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

    async def _tell(self, measured: Measured) -> None:
        if self._nats.is_connected:
            await self._nats.publish(live.source(self.recording_id), msgspec.json.encode(measured))

    # --- samples ------------------------------------------------------------------------------------------------------

    @property
    def _is_overtaken(self) -> bool:
        """Whether another session goes on with this recording: the log takes nothing more from this one."""
        return bool(self._publishing and self._publishing.done())

    def _add(self, packager: Sink, sample: VideoFrame | AudioPacket, now: float, wall_us: int) -> bool:
        """A sample becomes parts; whether anything came of it. Raises ValueError for one that cannot be used."""
        outputs: Outputs
        if isinstance(sample, VideoFrame):
            outputs = packager.add_video(sample, now, wall_us)
        else:
            outputs = packager.add_audio(sample, now, wall_us)
        if outputs:
            self._say(outputs)
        return bool(outputs)

    def _say(self, outputs: Outputs) -> None:
        for output in outputs:
            if isinstance(output, KeyFrameWanted):
                self._ask_for_key_frame()
        self._put(outputs)

    def _put(self, outputs: Outputs) -> None:
        assert self._publisher
        for output in outputs:
            if isinstance(output, Init) and output.headers.width:
                self._size = (output.headers.width, output.headers.height)
            if isinstance(output, Init | Part | Written):
                try:
                    self._publisher.put(output)
                except Overflow as error:
                    log.error("the log has been away for too long", recording=self.recording_id, why=str(error))  # noqa: TRY400
                    self.stop(str(error))
                    return


def wall_clock_us() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000
