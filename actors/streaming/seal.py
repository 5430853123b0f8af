"""When is a recording complete in storage? When a listing shows every object that the log says there must be.

Nothing here depends on what this process has seen: the log is read from its first message, objects that are missing or
of another size are stored, what belongs to nothing is removed, then come the playlists, and `index.json` last. Sealing
again gives the same objects; it happens after a crash, and when the AAC rendition becomes whole only later.
"""

import asyncio
from collections.abc import Callable, Mapping

import structlog
from nats.aio.client import Client
from obstore.store import ObjectStore

from actors.jetstream import direct_get
from actors.jetstream.direct_get import Entry
from actors.jetstream.media_log import MediaLog
from actors.outside import storage
from actors.runtime.client import Client as Actors
from actors.runtime.tracing import around, current, of
from actors.streaming.composed import Composed, composed
from actors.streaming.contents import Contents, contents, without
from actors.streaming.playlists import rendered
from actors.streaming.retention import Retention
from actors.streaming.sample_tables import SampleTables
from media.hls import index as indices
from schemas.envelope import TRACE, Caller
from schemas.errors import Conflict, Gone, NotFound, Unavailable
from schemas.ids import RecordingId
from schemas.media import AAC, AUDIO, FINAL, RUNGS
from schemas.recording import CompleteRecording, RecordingStopped
from subjects import events, media, objects
from subjects.streams import EVENTS

log = structlog.get_logger(__name__)

Playlists = Callable[[Contents], Mapping[str, bytes]]
"""Playlists and index of a recording, by path, in the order in which they are to be stored."""


class Sealer:
    """Completes recordings. `seal` raises what storage or NATS raises while away, and Unavailable; call it again."""

    def __init__(
        self,
        client: Client,
        store: ObjectStore,
        retention: Retention,
        playlists: Playlists,
        tables: SampleTables,
        aac_wait_s: float,
    ) -> None:
        self._client = client
        self._log = MediaLog(client)
        self._actors = Actors(client)
        self._store = store
        self._retention = retention
        self._playlists = playlists
        self._tables = tables
        self._aac_wait_s = aac_wait_s

    async def seal(self, recording_id: str) -> int:
        """Complete one recording; the sequence up to which the log is stored (0: it has not ended yet)."""
        headers = {TRACE: await self._trace(recording_id)}
        return await around("consumer", media.end(recording_id), headers, lambda said: self._seal(recording_id, said))

    async def _trace(self, recording_id: str) -> str:
        """What stopped the recording goes on here."""
        stopped = await direct_get.last(self._client, EVENTS.name, events.of(RecordingStopped, recording_id))
        return (stopped.headers.get(TRACE) if stopped else "") or of(recording_id)

    async def _seal(self, recording_id: str, said: Mapping[str, str]) -> int:
        current.set(Caller(trace=said[TRACE]))
        is_whole = await self._has_sound_of_the_end(recording_id)
        found = await self._found(recording_id)
        if not found.ended:
            return 0
        known = Composed(0.0, [])
        if await self._retention.is_deleted(recording_id):
            pass
        elif found.main():
            found = _with_aac(found, is_whole=is_whole)
            await self._store_all(found)
            known = Composed(found.duration_s(), found.stretches())
        else:
            known = await self._composed(recording_id)
        await self._complete(recording_id, known)
        return found.last

    async def _found(self, recording_id: str) -> Contents:
        return contents(recording_id, await self._log.entries(recording_id))

    async def _has_sound_of_the_end(self, recording_id: str) -> bool:
        """Wait for the AAC rendition before the log is read: of a long recording that is most of the work."""
        for subject in (media.end(recording_id), media.part(recording_id, AUDIO)):
            if await self._log.last(subject) is None:
                return False
        return await self._aac_is_whole(recording_id)

    async def _aac_is_whole(self, recording_id: str) -> bool:
        """Whether the last AAC part comes within the time that is given to it."""
        subject = media.part(recording_id, AAC)
        subscription = await self._client.subscribe(subject)  # what is stored is also said to those who listen
        try:
            async with asyncio.timeout(self._aac_wait_s):
                last = await self._log.last(subject)
                headers = last.headers if last else {}
                while FINAL not in headers:
                    headers = (await subscription.next_msg(timeout=None)).headers or {}
        except TimeoutError:
            return False
        finally:
            await subscription.unsubscribe()
        return True

    async def _store_all(self, found: Contents) -> None:
        wanted = found.objects()
        stored = await storage.sizes(self._store, objects.prefix(found.recording_id))
        await self._store_media(found, {path: size for path, size in wanted.items() if stored.get(path) != size})
        await storage.delete(self._store, [path for path in stored if self._is_stray(path, wanted)])
        await self._tables.store(found)
        for path, data in self._playlists(found).items():
            await storage.put(self._store, path, data)

    async def _composed(self, recording_id: str) -> Composed:
        """Of one that was put together of others: it only lacks its playlists."""
        try:
            data = bytes(await (await self._store.get_async(objects.index(recording_id))).bytes_async())
        except FileNotFoundError:
            return Composed(0.0, [])
        index = indices.decode(data)
        for path, text in rendered(recording_id, index).items():
            await storage.put(self._store, path, text)
        return composed(recording_id, index)

    async def _store_media(self, found: Contents, missing: Mapping[str, int]) -> None:
        """One object at a time: memory holds one segment."""
        for init, entry in found.inits.items():
            path = objects.init(found.recording_id, *init)
            if path in missing:
                await storage.put(self._store, path, await self._read(entry, entry, missing[path]))
        for segment, parts in found.segments().items():
            path = objects.segment(found.recording_id, *segment)
            if path in missing:
                data = await self._read(parts[0].entry, parts[-1].entry, missing[path])
                self._tables.note(path, data)
                await storage.put(self._store, path, data)

    async def _read(self, first: Entry, last: Entry, size_bytes: int) -> bytes:
        """Their payload and what is between them. Raises Unavailable when that is less than the log said there is."""
        entries = self._log.read(first.subject, first.sequence, last.sequence)
        data = b"".join([entry.data async for entry in entries])
        if len(data) < size_bytes:
            raise Unavailable(f"{first.subject} cannot be read to sequence {last.sequence}.")
        return data

    def _is_stray(self, path: str, wanted: Mapping[str, int]) -> bool:
        """Media behind the end. An AAC rendition that is not whole yet is no stray: it may still become so.

        Nor is what was made of it when it was sealed before: rungs and edits.
        """
        if not path.endswith((".m4s", ".mp4")) or path in wanted:
            return False
        kept = (*(f"/{rendition}/" for rendition in (AAC, *RUNGS)), f"/{objects.EDITS}")
        return not any(name in path for name in kept)

    async def _complete(self, recording_id: str, known: Composed) -> None:
        """Tell the recording; one that is gone meanwhile takes its objects with it.

        Without a stretch there was nothing to be stored, and the recording has failed.
        """
        stored = await storage.sizes(self._store, objects.prefix(recording_id))
        said = CompleteRecording(
            RecordingId(recording_id), round(known.duration_s, 3), sum(stored.values()), known.stretches
        )
        try:
            await self._actors.ask(said)
        except (Gone, NotFound):
            await self._retention.delete(recording_id)
        except Conflict as error:  # the log has ended before `RecordingStopped` was said
            raise Unavailable(str(error)) from error


def _with_aac(found: Contents, *, is_whole: bool) -> Contents:
    """Without the AAC rendition when that is not whole: half of one would end the sound.

    Raises Unavailable when it is, and the log that was read does not say so yet.
    """
    if not found.lacks_aac():
        return found
    if is_whole:
        raise Unavailable("Its log cannot be read to the end yet.")
    log.warning("sealed without AAC for now", recording=found.recording_id)
    return without(found, AAC)
