"""What is known of one recording? Read from every place that has something of it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from typing import Annotated, Any, Final, Literal

import msgspec
import obstore
from msgspec import Meta, Struct
from nats.aio.client import Client
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from actors.jetstream import direct_get
from actors.jetstream.direct_get import Entry
from actors.jetstream.media_log import MediaLog
from actors.recording import decider, view
from actors.recording.saga import FINISHING
from actors.sourcing import event_message
from media.hls import index as hls
from ops.cli import told
from ops.cli.dlq import letters
from ops.cli.dlq.letters import Letter
from ops.cli.ending import Trouble
from ops.cli.life import pieces, renditions
from ops.cli.life.pieces import End, Track
from ops.cli.life.renditions import Rendition
from ops.cli.told import Told
from schemas.errors import Gone, NotFound
from schemas.media import AUDIO, VIDEO
from schemas.recording import RecordingPrepared, RecordingView
from subjects import events, jobs, names, objects
from subjects.streams import EVENTS, JOBS
from subjects.tokens import service_of

STORAGE_S: Final = 10.0
ORDER: Final = (VIDEO, AUDIO)
RECORDING: Final = service_of(RecordingPrepared)
Place = Literal["log", "log and storage", "storage", "nowhere"]


class Objects(Struct, frozen=True):
    """What storage has of it."""

    count: int = 0
    size_bytes: int = 0
    sealed_at: Annotated[datetime | None, Meta(description="When `index.json` was stored: everything is there.")] = None
    poster_at: datetime | None = None
    trouble: Annotated[str, Meta(description="Why storage cannot be read; empty when it can.")] = ""


class Life(Struct, frozen=True):
    """All that is known of one recording."""

    id: str
    status: Annotated[str, Meta(description="As its events tell it; `deleted` when it was, `unknown` without any.")]
    view: Annotated[RecordingView | None, Meta(description="As the API shows it.")]
    media_is_in: Place
    events: Annotated[list[Told], Meta(description="Its own and those of its saga, in the order of the log.")]
    renditions: Annotated[list[Rendition], Meta(description="From the log, or else from storage.")]
    end: Annotated[End | None, Meta(description="The message behind which nothing counts, while the log has it.")]
    jobs: Annotated[list[Told], Meta(description="Work that waits to be done.")]
    dead_letters: list[Letter]
    objects: Objects


async def newest(nats: Client) -> str:
    """The id of the recording that was begun last. Raises Trouble when there is none."""
    entry = await direct_get.last(nats, EVENTS.name, events.every(RecordingPrepared))
    if not entry:
        raise Trouble("There is no recording yet.")
    return events.entity_of(entry.subject)


async def life(nats: Client, store: ObjectStore, recording_id: str) -> tuple[Life, dict[str, Track]]:
    """Everything, and the pieces to draw. Raises Trouble for what nobody knows, and what nats-py raises."""
    said = await _said(nats, recording_id)
    entries = await MediaLog(nats).entries(recording_id)
    tracks, end = pieces.of_log(entries)
    stored, index = await _objects(store, recording_id)
    if not said and not entries and not stored.count:
        raise Trouble(f"Nobody has ever heard of a recording {recording_id}.")
    places = [name for name, is_there in (("log", bool(tracks)), ("storage", bool(stored.sealed_at))) if is_there]
    if not tracks and index:
        tracks = pieces.of_index(index)
    shown, status = _view(said)
    found = Life(
        id=recording_id,
        status=status,
        view=shown,
        media_is_in=msgspec.convert(" and ".join(places) or "nowhere", Place),
        events=[told.stored(entry) for entry in said],
        renditions=[renditions.of(tracks[name]) for name in sorted(tracks, key=_place)],
        end=end,
        jobs=[told.stored(entry) for entry in await _all(nats, JOBS.name, jobs.about(recording_id))],
        dead_letters=[letter for letter in await letters.every(nats) if recording_id in letter.subject],
        objects=stored,
    )
    return found, tracks


def _place(rendition: str) -> tuple[int, str]:
    """Picture, sound, what is made of them."""
    return (ORDER.index(rendition) if rendition in ORDER else len(ORDER)), rendition


async def _said(nats: Client, recording_id: str) -> list[Entry]:
    own = await _all(nats, EVENTS.name, events.about(recording_id))
    saga = await _all(nats, EVENTS.name, events.about(f"{FINISHING.name}-{recording_id}"))
    return sorted(own + saga, key=lambda entry: entry.sequence)


async def _all(nats: Client, stream: str, subject: str) -> list[Entry]:
    found: list[Entry] = []
    while page := await direct_get.batch(nats, stream, subject, found[-1].sequence + 1 if found else 1):
        found += page
    return found


def _view(said: Sequence[Entry]) -> tuple[RecordingView | None, str]:
    own = [entry for entry in said if names.read(entry.subject).of == RECORDING]
    known: list[Any] = [event_message.decode(entry.subject, entry.headers, entry.data) for entry in own]
    state: decider.State = reduce(decider.evolve, filter(None, known), decider.Absent())  # type: ignore[arg-type]
    try:
        shown = view.of(decider.present(state))
    except Gone:
        return None, "deleted"
    except NotFound:
        return None, "unknown"
    return shown, shown.status.value


async def _objects(store: ObjectStore, recording_id: str) -> tuple[Objects, hls.RecordingIndex | None]:
    """And the archive's index, when it has one."""
    try:
        async with asyncio.timeout(STORAGE_S):
            return await _listed(store, recording_id)
    except (OSError, BaseError, msgspec.MsgspecError) as error:
        return Objects(trouble=(str(error) or type(error).__name__).splitlines()[0]), None


async def _listed(store: ObjectStore, recording_id: str) -> tuple[Objects, hls.RecordingIndex | None]:
    prefix = objects.prefix(recording_id)
    there = {one["path"]: one async for batch in obstore.list(store, prefix) for one in batch}
    sealed, poster = there.get(objects.index(recording_id)), there.get(objects.poster(recording_id))
    found = Objects(
        len(there),
        sum(one["size"] for one in there.values()),
        sealed["last_modified"] if sealed else None,
        poster["last_modified"] if poster else None,
    )
    if not sealed:
        return found, None
    body = await (await obstore.get_async(store, objects.index(recording_id))).bytes_async()
    return found, hls.decode(bytes(body))
