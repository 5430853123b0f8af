"""A recording as it lies in storage, complete, without the services that put it there."""

from collections import defaultdict
from collections.abc import Sequence

from obstore.store import LocalStore

from media.hls import index
from media.mp4 import samples
from media.samples import Init, Part
from schemas.media import to_headers
from subjects import objects


async def store_all(store: LocalStore, recording_id: str, said: Sequence[Init | Part], *, tables: bool = True) -> None:
    """Inits, segments, tables of samples, and the index last."""
    found, segments = index.RecordingIndex(), defaultdict(bytes)
    for number, one in enumerate(said):
        kind = "init" if isinstance(one, Init) else "part"
        found.add(one.rendition, kind, to_headers(one.headers), len(one.data), number + 1)
        if isinstance(one, Init):
            await store.put_async(objects.init(recording_id, one.rendition, one.headers.number), one.data)
        else:
            segments[one.rendition, one.headers.segment] += one.data
    for key, data in segments.items():
        await store.put_async(objects.segment(recording_id, *key), bytes(data))
    found.add("all", "end", {}, 0, len(said) + 1)
    for rendition in found.renditions.values() if tables else ():
        read = [samples.read(segments[rendition.name, s.number], s.number, s.init) for s in rendition.segments]
        await store.put_async(objects.samples(recording_id, rendition.name), samples.encode(read))
    await store.put_async(objects.index(recording_id), index.encode(found))
