"""How does a file become a recording? Surveyed and read in a sandbox, published like what a source sends.

Each step may be done again: a killed process leaves nothing behind but parts, which its successor does not repeat. What
can be read of a damaged file is imported, and its description says how much that is; a file of which nothing can be
read makes a failed recording that says why.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import IO, Final

import msgspec
import obstore
import structlog
from msgspec import Struct
from nats.aio.client import Client as Nats
from obstore.store import ObjectStore

from actors.jetstream.media_writer import AWAY as LOG_AWAY
from actors.jetstream.media_writer import Overtaken
from actors.outside.limits import FIRST_FILE, MEBIBYTE, Limits
from actors.outside.sandbox import Sandbox, Spoiled
from actors.outside.uploads import AWAY as STORE_AWAY
from actors.outside.uploads import Kept, Uploads
from actors.processing.importing.media_log import ImportedLog
from actors.runtime.client import Client
from media.importing.batch import Batch
from media.importing.feeder import Feeder
from media.importing.reader import Reader
from media.importing.survey import Survey, survey
from media.packager import Packager
from schemas.errors import Conflict, Gone, NotFound, Unavailable
from schemas.ids import RecordingId
from schemas.live import SourceMeasured
from schemas.recording import (
    ConnectSource,
    FailRecording,
    GetRecording,
    RecordingView,
    Status,
    StopRecording,
    UpdateRecording,
)
from subjects import live

TOLD_S: Final = 0.5
WORTH_TELLING_S: Final = 0.5
FORGIVEN: Final = 10
"""So many frames and packets of a good file may be unreadable: those before its first key frame, say."""
OPEN: Final = (Status.PREPARING, Status.RECORDING)
log = structlog.get_logger(__name__)


class Bounds(Struct, frozen=True):
    """What a file may take: to be surveyed, and to be read, of which the computing grows with its length."""

    survey: Limits = Limits(seconds=300, cpu_seconds=300)
    read: Limits = Limits(seconds=120, memory_bytes=2048 * MEBIBYTE)
    cpu_seconds: float = 300
    cpu_seconds_a_second: float = 20

    def of(self, found: Survey) -> Limits:
        """For reading this file."""
        seconds = self.cpu_seconds + self.cpu_seconds_a_second * found.duration_s
        return msgspec.structs.replace(self.read, cpu_seconds=round(seconds))


class _Unwanted(Exception):
    """The recording was stopped or deleted meanwhile."""


class Importer:
    """Imports files. `scratch` is a folder on a disk with room for them; none: that of the system."""

    def __init__(
        self,
        nats: Nats,
        store: ObjectStore,
        sandbox: Sandbox,
        *,
        scratch: Path | None = None,
        part_s: float = 1 / 3,
        segment_s: float = 2.0,
        bounds: Bounds = Bounds(),  # noqa: B008  frozen
    ) -> None:
        self._nats = nats
        self._client = Client(nats)
        self._store = store
        self._uploads = Uploads(store)
        self._sandbox = sandbox
        self._scratch = scratch
        self._part_s = part_s
        self._segment_s = segment_s
        self._bounds = bounds

    async def run(self, recording_id: RecordingId) -> None:
        """All of it. Raises Unavailable when something is away, or somebody else is at it: to be done again later."""
        try:
            await self._run(recording_id)
            await self._uploads.remove(recording_id)
        except (*STORE_AWAY, *LOG_AWAY) as error:
            raise Unavailable(f"{recording_id} cannot be imported for now: {error}") from error
        except Overtaken as error:
            raise Unavailable(f"{recording_id} is imported by somebody else.") from error

    async def _run(self, recording_id: RecordingId) -> None:
        view = await self._wanted(recording_id)
        if view is None:
            return
        try:
            kept = await self._uploads.find(recording_id)
        except NotFound:
            await self._fail(recording_id, "The file that was sent is not there any more; send it again.")
            return
        with tempfile.TemporaryFile(dir=self._scratch) as file:
            await self._fetch(kept, file)
            try:
                await self._import(view, file)
            except Spoiled as error:
                await self._fail(recording_id, str(error))
            except (_Unwanted, Conflict, Gone):
                log.info("not wanted any more", recording=recording_id)

    async def _wanted(self, recording_id: RecordingId) -> RecordingView | None:
        """The recording while it waits for its file."""
        try:
            view = await self._client.ask(GetRecording(recording_id))
        except (NotFound, Gone):
            return None
        return view if view.status in OPEN else None

    async def _fetch(self, kept: Kept, file: IO[bytes]) -> None:
        """The whole file, where the sandbox can look at any place of it."""
        for piece in kept.pieces:
            found = await obstore.get_async(self._store, piece.path)
            await asyncio.to_thread(file.write, await found.bytes_async())
        await asyncio.to_thread(file.flush)

    async def _import(self, view: RecordingView, file: IO[bytes]) -> None:
        """Raises Spoiled when nothing can be made of it."""
        files = [file.fileno()]
        found = await self._sandbox.run(survey, FIRST_FILE, limits=self._bounds.survey, files=files)
        log.info("imports", recording=view.id, kind=found.kind, video=found.video, audio=found.audio, why=found.why)
        await self._client.ask(ConnectSource(view.id))
        published = await ImportedLog.open(self._nats, view.id)
        began_us = round((view.created_at.timestamp() - found.duration_s) * 1e6)
        feeder = Feeder(self._packager(found), began_us)
        damage = await self._read(view.id, found, files, feeder, published)
        await published.write(feeder.end())
        if published.is_empty:
            raise Spoiled(f"Nothing of the file can be played: {damage or 'it is empty'}.")
        await self._say_what_is_missing(view, found, feeder.position_s, damage)
        await self._client.ask(StopRecording(view.id))

    def _packager(self, found: Survey) -> Packager:
        return Packager(
            video=found.video != "none",
            audio=found.audio != "none",
            channels=found.channels,
            part_s=self._part_s,
            segment_s=self._segment_s,
        )

    async def _read(
        self, recording_id: RecordingId, found: Survey, files: list[int], feeder: Feeder, published: ImportedLog
    ) -> str:
        """Read and publish to the end; gives back what ended it too early."""
        clock = asyncio.get_running_loop().time
        told_at = -TOLD_S
        limits = self._bounds.of(found)
        try:
            async with self._sandbox.open(
                Reader, FIRST_FILE, found, self._segment_s, limits=limits, files=files
            ) as reader:
                while True:
                    batch: Batch = await reader.call("next")
                    await published.write(feeder.feed(batch))
                    if batch.is_last:
                        return found.damage or ("some of it is damaged" if batch.lost > FORGIVEN else "")
                    if clock() - told_at >= TOLD_S:
                        told_at = clock()
                        await self._tell(recording_id, found, feeder.position_s)
        except Spoiled as error:
            return str(error)

    async def _tell(self, recording_id: RecordingId, found: Survey, position_s: float) -> None:
        """How far it is. Raises _Unwanted."""
        percent = min(int(position_s / found.duration_s * 100), 99) if found.duration_s else 0
        said = SourceMeasured("connected", width=found.width, height=found.height, progress=percent)
        await self._nats.publish(live.source(recording_id), msgspec.json.encode(said))
        if await self._wanted(recording_id) is None:
            raise _Unwanted

    async def _say_what_is_missing(self, view: RecordingView, found: Survey, reached_s: float, damage: str) -> None:
        missing_s = max(found.promised_s, found.duration_s) - reached_s
        if not damage and missing_s < WORTH_TELLING_S:
            return
        length_s = max(found.promised_s, reached_s)
        words = f"The file is damaged: {reached_s:.0f} s of {length_s:.0f} s could be imported"
        said = f"{words} ({damage.rstrip('.')})." if damage else f"{words}."
        log.warning("imported in part", recording=view.id, damage=damage, reached_s=round(reached_s, 1))
        if not view.description:
            await self._client.ask(UpdateRecording(view.id, description=said))

    async def _fail(self, recording_id: RecordingId, why: str) -> None:
        log.warning("cannot be imported", recording=recording_id, why=why)
        try:
            await self._client.ask(FailRecording(recording_id, _sentence(why)))
        except (NotFound, Gone):
            return


def _sentence(text: str) -> str:
    """Short, and whole."""
    text = (text[:1].upper() + text[1:900]).rstrip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
