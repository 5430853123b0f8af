"""An upload that is whole, its recording, and what has become of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from nats.aio.client import Client as Nats
from obstore.store import ObjectStore

from actors.jetstream.media_log import MediaLog
from actors.outside.sandbox import Sandbox
from actors.outside.uploads import PIECE_BYTES, Uploads
from actors.processing.importing.importer import Bounds, Importer
from actors.recording import actor as recording
from actors.runtime.client import Client
from schemas.ids import RecordingId, new_id
from schemas.media import part_from_headers
from schemas.recording import GetRecording, RecordingView, StartRecording
from schemas.upload import Upload
from subjects import media


class House:
    """The recording service, storage and an importer."""

    def __init__(self, nats: Nats, store: ObjectStore, sandbox: Sandbox, bounds: Bounds) -> None:
        self.nats = nats
        self.uploads = Uploads(store)
        self.importer = Importer(nats, store, sandbox, bounds=bounds)
        self.client = Client(nats)

    async def uploaded(self, data: bytes, name: str = "film.mp4") -> RecordingId:
        """As the API leaves it."""
        recording_id = RecordingId(new_id())
        await self.uploads.create(Upload(recording_id, len(data), name, "", datetime.now(UTC)))
        for at in range(0, len(data), PIECE_BYTES):
            await self.uploads.add(recording_id, at, data[at : at + PIECE_BYTES])
        await self.client.ask(StartRecording(recording_id, name, recording_type="import"))
        return recording_id

    async def imported(self, data: bytes) -> RecordingView:
        """What the recording is like after its import."""
        recording_id = await self.uploaded(data)
        await self.importer.run(recording_id)
        return await self.view(recording_id)

    async def view(self, recording_id: RecordingId) -> RecordingView:
        return await self.client.ask(GetRecording(recording_id))

    async def track(self, recording_id: str, rendition: str) -> bytes:
        """Init and parts in the order of the log; the times of the parts must follow each other."""
        entries = await MediaLog(self.nats).entries(recording_id)
        wanted = [one for one in entries if one.subject.split(".")[3] == rendition]
        found, end, at = b"", None, (-1, -1)
        for entry in wanted:
            if entry.subject == media.part(recording_id, rendition):
                said = part_from_headers(entry.headers)
                assert end in (None, said.decode_time)
                assert (said.segment, said.part) > at
                end, at = said.decode_time + said.duration, (said.segment, said.part)
            async for whole in MediaLog(self.nats).read(entry.subject, entry.sequence, entry.sequence):
                found += whole.data
        return found


@asynccontextmanager
async def house(nats: Nats, store: ObjectStore, database: Any, bounds: Bounds = Bounds()) -> AsyncIterator[House]:  # noqa: B008  frozen
    async with recording.running(nats, database), Sandbox() as sandbox:
        yield House(nats, store, sandbox, bounds)
