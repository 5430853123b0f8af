"""What is left of work on a recording that was deleted meanwhile? Nothing: what was written too late is removed."""

from nats.aio.client import Client
from obstore.store import ObjectStore

from actors.jetstream import direct_get
from actors.outside import storage
from schemas.recording import RecordingDeleted
from subjects import events, objects
from subjects.streams import EVENTS


class Remains:
    """Raises what nats-py and obstore raise while NATS or storage is away."""

    def __init__(self, nats: Client, store: ObjectStore) -> None:
        self._nats = nats
        self._store = store

    async def is_deleted(self, recording_id: str) -> bool:
        """Whether `RecordingDeleted` was said."""
        return await direct_get.last(self._nats, EVENTS.name, events.of(RecordingDeleted, recording_id)) is not None

    async def clear(self, recording_id: str) -> bool:
        """Remove the objects of a recording, if it is deleted; that is done then."""
        if await self.is_deleted(recording_id):
            await storage.delete_all(self._store, objects.prefix(recording_id))
        return True
