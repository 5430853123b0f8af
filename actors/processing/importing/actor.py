"""The `importing` service: a recording of the type `import` is prepared, and its file follows."""

import math

from nats.aio.client import Client as Nats

from actors.processing.importing.importer import Importer
from actors.runtime.actor import Actor
from actors.runtime.handlers import job, on
from actors.runtime.jobs import put
from schemas.envelope import Meta
from schemas.importing import ImportFile
from schemas.recording import RecordingPrepared


class ImportingActor(Actor, service="importing"):
    """Makes recordings of files, two at a time in each process: a short one need not wait for a long one."""

    def __init__(self, nats: Nats, importer: Importer) -> None:
        self._nats = nats
        self._importer = importer

    @on(RecordingPrepared)
    async def prepared(self, event: RecordingPrepared, meta: Meta) -> None:
        """Whoever is free imports it."""
        if event.recording_type == "import":
            await put(self._nats, ImportFile(event.recording_id), meta.because("import"))

    @job(ImportFile, deadline_s=math.inf, at_once=2)
    async def import_file(self, work: ImportFile, meta: Meta) -> None:  # noqa: ARG002
        """Import it; what a killed process has published stays."""
        await self._importer.run(work.recording_id)
