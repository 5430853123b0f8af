"""Which work makes the rungs of a complete recording? A unit for each segment of `video`, all rungs of it at once.

Workers need nothing of each other: a segment begins with a key frame, and whoever encodes it writes the same init
segment. What cannot be decoded becomes a gap in the rungs, as long as something can.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import obstore
from nats.aio.client import Client
from obstore.store import ObjectStore

from actors.outside import storage
from actors.outside.limits import Limits
from actors.outside.sandbox import Sandbox, Spoiled
from actors.processing.jobs.work import Job, Unit
from actors.processing.ladder.renditions import Made, Outcome, encoded, index_of, rungs_of, to_be_made, why_not
from actors.processing.said import Said
from media.hls import index as indices
from media.hls.index import RecordingIndex, RenditionIndex
from media.transcode.encoder import X264
from media.transcode.ladder import Rung
from media.transcode.segment import Rendered, transcode
from schemas.errors import Invalid
from schemas.ids import RecordingId
from schemas.media import RUNGS, VIDEO
from schemas.processing import RenditionMade
from subjects import objects

LIMITS: Final = Limits(seconds=300.0, cpu_seconds=120)
"""A second of a 4K screen takes some seconds on a core of its own."""
DEVICES: Final = 64
"""Files a hardware encoder may open."""
REMEMBERED: Final = 8
TRIES: Final = 5
_MEGAPIXEL: Final = 1e6


class TranscodeWork:
    """job_type `transcode`."""

    def __init__(
        self,
        nats: Client,
        store: ObjectStore,
        sandbox: Sandbox,
        rungs: Sequence[str] = RUNGS,
        encoder: str = X264,
    ) -> None:
        self._store = store
        self._sandbox = sandbox
        self._said = Said(nats)
        self._rungs = rungs
        self._encoder = encoder
        self._limits = LIMITS if encoder == X264 else Limits(LIMITS.seconds, LIMITS.cpu_seconds, files=DEVICES)
        self._indices: dict[str, RenditionIndex] = {}

    async def plan(self, job: Job) -> Sequence[Unit]:
        """The segments by their numbers; nothing for sound alone, and for what is smaller than what is wanted."""
        video = await self._video(job.recording_id)
        if not self._rungs_of(video):
            return []
        return [Unit(str(one.number), one.duration_s * _megapixels(video, one.init)) for one in to_be_made(video)]

    async def do(self, job: Job, unit: Unit) -> bytes:
        """A segment of each rung, put into storage, and what there is to be said of them."""
        recording_id, number = job.recording_id, int(unit.name)
        video = await self._video(recording_id)
        segment = video.segment(number)
        if segment is None:
            raise Invalid(f"There is no segment {number} of this recording.")
        init = await self._read(objects.init(recording_id, VIDEO, segment.init))
        data = await self._read(objects.segment(recording_id, VIDEO, number))
        try:
            found = await self._sandbox.run(
                transcode, init, data, number, self._rungs_of(video), self._encoder, limits=self._limits
            )
        except Spoiled as error:
            return encoded(Outcome(why=str(error)))
        return encoded(Outcome(tuple([await self._kept(recording_id, segment.init, number, one) for one in found])))

    async def finish(self, job: Job, results: Mapping[str, bytes]) -> None:
        """The index of all rungs; then it is said that they are there.

        Raises: Invalid when nothing could be made of any segment.
        """
        if not results:
            return
        recording_id = job.recording_id
        video = await self._video(recording_id)
        made = index_of(video, self._rungs_of(video), results)
        if not made.renditions:
            raise Invalid(f"No picture of it can be decoded: {why_not(results)}")
        await storage.put(self._store, objects.renditions(recording_id), indices.encode(made))
        for rendition in made.renditions:
            event = RenditionMade(recording_id, rendition, datetime.now(UTC))
            await self._said.once(event, recording_id, f"{job.id}.{rendition}")

    async def _kept(self, recording_id: RecordingId, init: int, number: int, made: Rendered) -> Made:
        await storage.put(self._store, objects.segment(recording_id, made.rung, number), made.segment)
        await self._put_init(objects.init(recording_id, made.rung, init), made.init)
        size = made.width, made.height
        return Made(made.rung, len(made.segment), len(made.init), made.codec, *size, made.frames)

    def _rungs_of(self, video: RenditionIndex) -> list[Rung]:
        return [rung for rung in rungs_of(video) if rung.name in self._rungs]

    async def _put_init(self, path: str, data: bytes) -> None:
        """Unless it is there: all who work at this recording have the same bytes for it, and one may write a file."""
        for _ in range(TRIES):
            try:
                await obstore.head_async(self._store, path)
            except FileNotFoundError:
                with suppress(FileNotFoundError):  # somebody else writes it
                    await storage.put(self._store, path, data)
                    return
            else:
                return
        raise OSError(f"{path} cannot be written")

    async def _video(self, recording_id: RecordingId) -> RenditionIndex:
        """The index of `video`, remembered: an hour has two thousand segments; empty when there is no picture."""
        if recording_id not in self._indices:
            index: RecordingIndex = indices.decode(await self._read(objects.index(recording_id)))
            while len(self._indices) >= REMEMBERED:
                del self._indices[next(iter(self._indices))]
            self._indices[recording_id] = index.renditions.get(VIDEO, RenditionIndex(VIDEO))
        return self._indices[recording_id]

    async def _read(self, path: str) -> bytes:
        return bytes(await (await self._store.get_async(path)).bytes_async())


def _megapixels(video: RenditionIndex, init: int) -> float:
    found = video.init(init)
    return found.headers.width * found.headers.height / _MEGAPIXEL if found else 1.0
